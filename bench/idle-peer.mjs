// One process of bench/idle.mjs: hosts that are told, line by line, what to do. Arguments: the module that makes a host.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';

const { create } = await import(process.argv[2]);
const LOOPBACK = '/ip4/127.0.0.1/tcp/0';
const IN_FLIGHT = 5;
/** On a busy machine a handshake may be late. */
const TRIES = 5;
const hosts = [];

async function tried(work, tries = TRIES) {
  try {
    await work();
  } catch (error) {
    if (tries <= 1) throw error;
    await tried(work, tries - 1);
  }
}

async function each(list, work) {
  const rest = list[Symbol.iterator]();
  const run = async () => {
    for (const item of rest) await tried(() => work(item));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, run));
}

async function usedBytes() {
  for (let turn = 0; turn < 4; turn += 1) {
    await sleep(50);
    global.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external };
}

const commands = {
  /** So many hosts more, that listen; their addresses. */
  async listen({ count }) {
    const made = [];
    for (let at = 0; at < count; at += 1) made.push(await create([LOOPBACK]));
    hosts.push(...made);
    return made.map((host) => host.addr());
  },
  /** The first host dials all of these. */
  async dialAll({ addrs }) {
    hosts[0] ??= await create([]);
    await each(addrs, (addr) => hosts[0].dial(addr));
    return null;
  },
  /** The first host opens so many streams to each of these. */
  async openStreams({ addrs, count }) {
    for (const addr of addrs) for (let at = 0; at < count; at += 1) await hosts[0].openStream(addr);
    await sleep(500);
    return null;
  },
  /** What is used now. */
  async used({ snapshot }) {
    const bytes = await usedBytes();
    if (snapshot !== undefined) writeHeapSnapshot(snapshot);
    return bytes;
  },
  /** So many new hosts dial this address, each once. */
  async dialFromMany({ count, addr }) {
    const made = [];
    for (let at = 0; at < count; at += 1) made.push(await create([]));
    hosts.push(...made);
    await each(made, (host) => host.dial(addr));
    return null;
  },
  /** What is used once the first host has so many connections, all identified. */
  async measure({ connections, snapshot }) {
    const until = performance.now() + 30_000;
    while (hosts[0].connections() !== connections || hosts[0].identified() < connections) {
      if (performance.now() > until)
        throw new Error(
          `${String(hosts[0].connections())} connections, ${String(hosts[0].identified())} identified, of ${String(connections)}`,
        );
      await sleep(50);
    }
    // Streams that identified end, and dials are told of.
    await sleep(500);
    const bytes = await usedBytes();
    if (snapshot !== undefined) writeHeapSnapshot(snapshot);
    return bytes;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...options } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: await commands[command](options) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
  }
}
process.exit(0);
