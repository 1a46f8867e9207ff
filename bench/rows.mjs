// The rows of the benchmark, and how much of each is measured.
const MIB = 1_048_576;

/** The same for all three; a limit may stand beside it. */
const row = (id, name, scenario, options, more = {}) => {
  const asks = { scenario, options };
  const { limit, who = ['ours', 'js', 'go'], ...rest } = more;
  return { id, name, asks: { ...Object.fromEntries(who.map((name) => [name, asks])), limit }, ...rest };
};

export function rowsFor(quick) {
  const connects = quick ? 30 : 100;
  const bulk = { bytes: (quick ? 64 : 256) * MIB };
  const pipe = { scenario: 'pipe', options: { bytes: (quick ? 64 : 512) * MIB } };
  const less = { lessIsBetter: true };
  const rows = [
    row('connect-up', 'connect until up, ms', 'connect', { count: connects, identified: false }, less),
    row('connect', 'connect until identified, ms', 'connect', { count: connects, identified: true }, less),
    row('connects-1', 'connects/s, one at a time', 'connects', {
      count: connects,
      atOnce: 1,
      identified: true,
    }),
    row('connects-32', 'connects/s, 32 in flight', 'connects', {
      count: connects * 3,
      atOnce: 32,
      identified: true,
    }),
    row('ping', '32 bytes there and back, ms (mean)', 'ping', { count: quick ? 2000 : 10_000 }, less),
    row('streams-1', 'streams/s, one at a time', 'streams', { count: quick ? 1500 : 5000, atOnce: 1 }),
    row('streams-100', 'streams/s, 100 in flight', 'streams', { count: quick ? 4000 : 12_000, atOnce: 100 }),
    row('upload', 'upload, MiB/s', 'upload', bulk, { limit: pipe }),
    row('download', 'download, MiB/s', 'download', bulk, { limit: pipe }),
    row('both', 'both at once, sum, MiB/s', 'both', bulk),
    row(
      'messages',
      'messages of 32 bytes/s, both ways on one stream',
      'messages',
      {
        count: quick ? 50_000 : 1_000_000,
      },
      { rounds: 1 },
    ),
  ];
  if (quick) return rows.filter(({ id }) => id !== 'connects-1');
  const idle = { ...less, who: ['ours', 'js'], rounds: 1 };
  return [...rows, row('idle-stream', 'an idle stream, bytes', 'idleStreams', { count: 1000 }, idle)];
}

/** What plain Node's primitives take, us. */
export const PRIMITIVES = ['x25519', 'sign', 'verify'];
/** Connections, and streams of one connection, at which the cost of one more is taken. */
export const DECADES = [10, 100, 1000, 10_000];
