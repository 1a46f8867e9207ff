// What one more connection or stream takes of the processor, both sides together, when so many are there already.
import { setTimeout as sleep } from 'node:timers/promises';
import { median, progress } from './measure.mjs';
import { startPeer } from './peers.mjs';

/** Connections, and streams of one connection, that are there. */
const DECADES = [1, 10, 100, 1000, 10_000];
const ROUNDS = 5;
/** A round does at least so much work: garbage is collected in it, as it is in a life. */
const ROUND_CPU_MS = 300;
/** Before anything is measured: until then it is the compiler that works. */
const WARM_UP_CPU_MS = 3000;
/** Connections that are idle are asked whether they are alive. */
const IDLE_MS = 500;
/** So many are asked for at once. */
const STEP = 1000;
const PROBES_AT_ONCE = { connections: 20, streams: 400 };

/** Three processes: one that listens, one that holds what is there, and one that adds one and takes it away again. Streams are held and added by the same: they are on one connection. */
async function startSides(kind) {
  const [listener, holder, other] = await Promise.all(
    Array.from({ length: kind === 'streams' ? 2 : 3 }, () => startPeer('ours')),
  );
  const prober = other ?? holder;
  const ask = async ({ peer }, scenario, options) => {
    const { value, error } = await peer.ask({ scenario, addr: listener.addr, options });
    if (error !== undefined) throw new Error(`growing ${kind}: ${error}`);
    return value;
  };
  return {
    hold: (more) => ask(holder, 'grow', { kind, more }),
    probe: (count) => ask(prober, 'probe', { kind, count }),
    cpuMs: async () => (await ask(listener, 'cpu')) + (await ask(prober, 'cpu')),
    stop() {
      for (const { peer } of [listener, holder, prober]) peer.stop();
    },
  };
}

/** What both sides have of the processor while `work` lasts, and how long that is, ms. */
async function during(sides, work) {
  const [cpu, began] = [await sides.cpuMs(), performance.now()];
  await work(async () => (await sides.cpuMs()) - cpu);
  return { cpuMs: (await sides.cpuMs()) - cpu, ms: performance.now() - began };
}

/** Ms of one more, over as many as do so much work: without what those that are there take meanwhile, which is a share of the time. */
async function oneMore(kind, sides, enoughMs) {
  const idle = await during(sides, () => sleep(IDLE_MS));
  const keeping = idle.cpuMs / idle.ms;
  let count = 0;
  const busy = await during(sides, async (used) => {
    do count += await sides.probe(PROBES_AT_ONCE[kind]);
    while ((await used()) < enoughMs);
  });
  return { ms: (busy.cpuMs - keeping * busy.ms) / count, keeping };
}

/** Of each decade: ms of one more, and what share of a core those that are there take. */
export async function growth(kind) {
  const sides = await startSides(kind);
  const rows = [];
  let have = 0;
  try {
    for (const at of DECADES) {
      while (have < at) {
        progress(`${kind}: growing to ${at.toLocaleString('en')}`, 1 + Math.floor(have / STEP));
        have = await sides.hold(Math.min(STEP, at - have));
      }
      if (rows.length === 0) await oneMore(kind, sides, WARM_UP_CPU_MS);
      const found = [];
      for (let round = 0; round < ROUNDS; round += 1) found.push(await oneMore(kind, sides, ROUND_CPU_MS));
      const of = (key) => median(found.map((round) => round[key]));
      rows.push({ at, ms: of('ms'), keeping: of('keeping') });
    }
  } finally {
    sides.stop();
  }
  return rows;
}

/** What one more takes among 10,000, against among 100. */
export const steepness = (rows) => {
  const at = (count) => rows.find((row) => row.at === count).ms;
  return at(10_000) / at(100);
};
