// What was measured, as a table.
const NAMES = {
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

export const rounded = (value) => {
  if (value === undefined) return '';
  if (value < 1) return value.toFixed(3);
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
};

export function asMarkdown(results) {
  const columns = Object.keys(NAMES).filter((name) => results.some(({ medians }) => name in medians));
  const others = columns.filter((name) => name !== 'ours' && columns.includes('ours'));
  const head = [
    `Node ${process.version}`,
    ...columns.map((name) => NAMES[name]),
    ...others.map((name) => `× ${NAMES[name]}`),
  ];
  const lines = [head, head.map(() => '---')];
  for (const result of results) {
    const times = others.map((other) => ratio(result, other)?.toFixed(2) ?? '');
    lines.push([result.name, ...columns.map((name) => rounded(result.medians[name])), ...times]);
  }
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Ms of processor time, the least of all rounds: others on the machine can only add to it. */
export function cpuTable(results) {
  const columns = Object.keys(NAMES).filter((name) => results.some(({ cpu }) => name in cpu));
  const lines = [['processor, ms', ...columns.map((name) => NAMES[name])]];
  lines.push(lines[0].map(() => '---'));
  for (const { name, cpu } of results)
    lines.push([name, ...columns.map((column) => (cpu[column] ? String(Math.min(...cpu[column])) : ''))]);
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
