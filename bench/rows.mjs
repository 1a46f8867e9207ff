// The rows of the benchmark, and how much of each is measured.
const MIB = 1_048_576;

/** The same for all three; a limit may stand beside it. */
const row = (id, name, scenario, options, more = {}) => {
  const asks = { scenario, options };
  const { limit, who = ['ours', 'js', 'go'], ...rest } = more;
  return { id, name, asks: { ...Object.fromEntries(who.map((name) => [name, asks])), limit }, ...rest };
};

export function rowsFor(quick, checking) {
  const connects = quick ? 40 : 200;
  const bulk = { bytes: (quick ? 64 : 384) * MIB };
  const pipe = { scenario: 'pipe', options: { bytes: (quick ? 64 : 512) * MIB } };
  const less = { lessIsBetter: true };
  const rows = [
    row('connect-up', 'connect until up, ms', 'connect', { count: connects, identified: false }, less),
    row('connect', 'connect until identified, ms', 'connect', { count: connects, identified: true }, less),
    row('connects-32', 'connects/s, identified, 32 in flight', 'connects', {
      count: connects * 3,
      atOnce: 32,
      identified: true,
    }),
    row('ping', '32 bytes there and back, ms (mean)', 'ping', { count: quick ? 2000 : 10_000 }, less),
    row('streams-1', 'streams/s, one at a time', 'streams', { count: quick ? 1500 : 6000, atOnce: 1 }),
    row('streams-100', 'streams/s, 100 in flight', 'streams', { count: quick ? 6000 : 30_000, atOnce: 100 }),
    row('upload', 'upload, MiB/s', 'upload', bulk, { limit: pipe }),
    row('download', 'download, MiB/s', 'download', bulk, { limit: pipe }),
    row('both', 'both at once, sum, MiB/s', 'both', bulk),
    row('messages', 'messages of 32 bytes/s, both ways on one stream', 'messages', {
      count: quick ? 100_000 : 1_000_000,
    }),
  ];
  if (quick || checking) return rows;
  const decades = { decades: [10, 100, 1000] };
  return [
    ...rows,
    row(
      'idle-stream',
      'an idle stream, bytes',
      'idleStreams',
      { count: 1000 },
      { ...less, who: ['ours', 'js'] },
    ),
    row('grow-connections', 'one more connection at 1,000, ms', 'growConnections', decades, {
      ...less,
      rounds: 1,
      who: ['ours'],
    }),
    row(
      'grow-streams',
      'one more stream at 10,000, ms',
      'growStreams',
      { decades: [10, 100, 1000, 10_000] },
      {
        ...less,
        rounds: 1,
        who: ['ours'],
      },
    ),
  ];
}
