/**
 * Echo, as in go-libp2p's examples, with which it talks in both roles.
 *
 *   npm start                          two hosts in this process: the addresses, every event, the echo, the dial as a drawing
 *   npm start -- --json                the same as lines of JSON
 *   npm start -- -l 2222               listens
 *   npm start -- -l 2223 -d <address>  dials and says hello
 *
 * `-insecure` uses plaintext, `-seed N` the same Ed25519 key on every run.
 */
import { parseArgs } from 'node:util';
import { createHost, generateKey, type Host, type HostEvent } from 'rx-libp2p';
import { seededRandom } from 'rx-libp2p/testing';
import { demonstrate } from './demo.js';
import { listen, sayHello } from './protocol.js';

interface Flags {
  readonly listen: number;
  readonly target: string | undefined;
  readonly insecure: boolean;
  readonly seed: number;
  readonly json: boolean;
}

/** go writes its flags with one dash, and so may we. */
function readFlags(argv: readonly string[]): Flags {
  const args = argv.map((arg) => (/^-[a-z]{2,}/.test(arg) ? `-${arg}` : arg));
  const { values } = parseArgs({
    args,
    options: {
      l: { type: 'string', short: 'l' },
      d: { type: 'string', short: 'd' },
      insecure: { type: 'boolean', default: false },
      seed: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    listen: Number(values.l ?? 0),
    target: values.d,
    insecure: values.insecure,
    seed: Number(values.seed),
    json: values.json,
  };
}

function makeHost(
  { insecure, seed }: Flags,
  port: number,
  events?: (event: HostEvent) => void,
): Promise<Host> {
  return createHost({
    listen: [`/ip4/127.0.0.1/tcp/${String(port)}`],
    insecure,
    ...(seed === 0 ? {} : { privateKey: generateKey('Ed25519', { random: seededRandom(seed) }) }),
    ...(events === undefined ? {} : { events: { next: events } }),
  });
}

const say = (line: string): void => {
  console.log(line);
};

const flags = readFlags(process.argv.slice(2));
if (flags.target !== undefined) {
  const host = await makeHost(flags, flags.listen);
  await sayHello(host, flags.target, say);
  await host.stop();
} else if (flags.listen === 0) {
  await demonstrate(
    (events) => makeHost(flags, 0, events),
    (events) => makeHost({ ...flags, seed: 0 }, 0, events),
    flags.json,
  );
} else {
  const host = await makeHost(flags, flags.listen);
  listen(host, say);
  console.log(
    `Now run "npm start -- -l ${String(flags.listen + 1)} -d ${host.addrs.join(' ')}${flags.insecure ? ' -insecure' : ''}" on a different terminal`,
  );
}
