// What was measured, as tables.
export const NAMES = {
  ours: 'rx-libp2p',
  base: 'the other build',
  js: 'js-libp2p',
  go: 'go-libp2p',
  limit: 'plain Node',
};

/** How many times better ours is; `undefined` where there is nothing to compare. */
export function ratio({ medians, lessIsBetter }, other) {
  const [ours, theirs] = [medians.ours, medians[other]];
  if (ours === undefined || theirs === undefined) return undefined;
  return lessIsBetter ? theirs / ours : ours / theirs;
}

const rounded = (value) => {
  if (value === undefined) return '';
  if (value < 1) return value.toFixed(3);
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
};
const table = (head, lines) =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const columnsOf = (results, key) =>
  Object.keys(NAMES).filter((name) => results.some((result) => name in result[key]));

export function asMarkdown(results) {
  const columns = columnsOf(results, 'medians');
  const others = columns.filter((name) => name !== 'ours' && columns.includes('ours'));
  const head = [
    `Node ${process.version}`,
    ...columns.map((name) => NAMES[name]),
    ...others.map((name) => `× ${NAMES[name]}`),
  ];
  const lines = results.map((result) => [
    result.name,
    ...columns.map((name) => rounded(result.medians[name])),
    ...others.map((other) => ratio(result, other)?.toFixed(2) ?? ''),
  ]);
  return table(head, lines);
}

/** Ms of processor time, the least of all rounds: others on the machine can only add to it. */
export function cpuTable(results) {
  const columns = columnsOf(results, 'cpu');
  const lines = results.map(({ name, cpu }) => [
    name,
    ...columns.map((column) => (cpu[column] ? String(Math.min(...cpu[column])) : '')),
  ]);
  return table(['processor, ms', ...columns.map((name) => NAMES[name])], lines);
}

export const tripsTable = (trips) =>
  table(
    ['', 'from cold', 'a further stream'],
    trips.map(({ name, cold, further }) => [NAMES[name], cold.toFixed(1), further.toFixed(1)]),
  );

export const growthTable = ([connections, streams]) =>
  table(
    ['there are', 'one more connection', 'one more stream'],
    connections.map(({ at, ms }, line) => [
      at.toLocaleString('en'),
      ms.toFixed(2),
      streams[line]?.ms.toFixed(3) ?? '',
    ]),
  );

export const primitivesTable = (primitives) =>
  table(Object.keys(primitives), [Object.values(primitives).map((us) => us.toFixed(0))]);
