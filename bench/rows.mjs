// The rows of the benchmark that a server and a client are asked for, and how much of each is measured.
const MIB = 1_048_576;

/** The same for all three, but `fewer` of the slow ones, whose rate shows as well; a limit may stand beside it. */
const row = (id, name, scenario, options, { limit, fewer = {}, ...more } = {}) => {
  const asks = (kind) => {
    const count = fewer[kind] ?? options.count;
    return {
      scenario,
      options: { ...options, count },
      share: count === options.count ? 1 : count / options.count,
    };
  };
  return { id, name, asks: { ours: asks('ours'), js: asks('js'), go: asks('go'), limit }, ...more };
};

const less = { lessIsBetter: true };
/** How much is moved one way. */
const bulk = (quick) => ({ bytes: (quick ? 64 : 256) * MIB });
/** Not part of a quick run. */
const slow = { isSlow: true };

export function rowsFor(quick) {
  const connects = quick ? 30 : 100;
  const pipe = { scenario: 'pipe', options: { bytes: (quick ? 64 : 512) * MIB } };
  return [
    row('connect-up', 'connect until up, ms', 'connect', { count: connects, identified: false }, less),
    row('connect', 'connect until identified, ms', 'connect', { count: connects, identified: true }, less),
    row(
      'connects-1',
      'connects/s, one at a time',
      'connects',
      { count: connects, atOnce: 1, identified: true },
      slow,
    ),
    row('connects-32', 'connects/s, 32 in flight', 'connects', {
      count: connects * 3,
      atOnce: 32,
      identified: true,
    }),
    row(
      'ping',
      '32 bytes there and back, ms (mean)',
      'ping',
      { count: quick ? 2000 : 10_000 },
      { ...less, fewer: { js: quick ? 1500 : 3000 } },
    ),
    row(
      'streams-1',
      'streams/s, one at a time',
      'streams',
      { count: quick ? 1500 : 5000, atOnce: 1 },
      { fewer: { js: quick ? 1000 : 1500 } },
    ),
    row(
      'streams-100',
      'streams/s, 100 in flight',
      'streams',
      { count: quick ? 8000 : 40_000, atOnce: 100 },
      { fewer: { js: quick ? 3000 : 5000, go: quick ? 8000 : 20_000 } },
    ),
    row('upload', 'upload, MiB/s', 'upload', bulk(quick), { limit: pipe }),
    row('download', 'download, MiB/s', 'download', bulk(quick), { limit: pipe }),
    row('both', 'both at once, sum, MiB/s', 'both', bulk(quick)),
    row(
      'messages',
      'messages of 32 bytes/s, both ways on one stream',
      'messages',
      { count: quick ? 200_000 : 1_000_000 },
      { fewer: { js: quick ? 20_000 : 50_000, go: quick ? 50_000 : 200_000 } },
    ),
  ];
}

/** The rows of a transport. */
export const transportRows = (quick) => [
  row('connect-up', 'connect until up, ms', 'connect', { count: 40, identified: false }, less),
  row('upload', 'upload, MiB/s', 'upload', bulk(quick)),
  row('download', 'download, MiB/s', 'download', bulk(quick)),
];

/** What plain Node's primitives take, us. */
export const PRIMITIVES = ['x25519', 'sign', 'verify'];
