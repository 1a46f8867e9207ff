// Prints the interop matrix after a run and writes it to docs/interop.md: which scenario held with whom, over what, and
// who dialed. A field that was not run, for want of a tool, is said to be so and leaves the file alone.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const here = (path) => new URL(path, import.meta.url);
const SCENARIOS = [
  ['ping', /pings$/],
  ['echo of 16 MiB', /an echo of 16777216 bytes/],
  ['half-close', /half-close$/],
  ['slow reader', /stops for a second/],
  ['reset', /reset reaches|reset carries/],
  ['100 streams', /^100 streams/],
];
const CELL = /^with (\w+) over (.+)$/;

/** `✓` where every test of the scenario passed, `–` where there is none. */
function verdict(tests) {
  if (tests.length === 0) return '–';
  return tests.every(({ status }) => status === 'passed') ? '✓' : '✗';
}

function rowsOf(results) {
  const rows = new Map();
  // Other files have titles of the same form; only this one tests every way of speaking.
  const ofMatrix = results.filter(({ testFilePath }) => testFilePath.endsWith('/interop.test.ts'));
  for (const test of ofMatrix.flatMap(({ testResults }) => testResults)) {
    const [, implementation, over] = CELL.exec(test.ancestorTitles[0] ?? '') ?? [];
    if (over === undefined) continue;
    const row = `${over}|${implementation}-libp2p`;
    if (!rows.has(row)) rows.set(row, []);
    rows.get(row).push(test);
  }
  return rows;
}

function table(rows) {
  const lines = [
    `| over | with | ${SCENARIOS.map(([name]) => name).join(' | ')} |`,
    `|---|---|${SCENARIOS.map(() => '---|').join('')}`,
  ];
  for (const [row, tests] of rows) {
    const [over, whom] = row.split('|');
    const fields = SCENARIOS.map(([, pattern]) => {
      const way = (title) =>
        tests.filter((test) => test.ancestorTitles[1] === title && pattern.test(test.title));
      return `${verdict(way('we dial'))} ${verdict(way('they dial'))}`;
    });
    lines.push(`| ${over} | ${whom} | ${fields.join(' | ')} |`);
  }
  return lines.join('\n');
}

function page(rows) {
  const js = JSON.parse(readFileSync(here('js/node_modules/libp2p/package.json'), 'utf8')).version;
  const go = /go-libp2p (v\S+)/.exec(readFileSync(here('go/go.mod'), 'utf8'))[1];
  return `# Interop

What the interop run found, written by it (\`npm run test:interop\`): every field is a set of tests that exchanged real bytes between two processes, checked by content or by hash. The first mark is for when we dial, the second for when they do.

${table(rows)}

go-libp2p ${go}, js-libp2p ${js}. A reset carries its code where both sides have one to send: js-libp2p sends none, and QUIC's addon passes none on.
`;
}

export default class MatrixReporter {
  async onRunComplete(_, { testResults }) {
    const rows = rowsOf(testResults);
    if (rows.size === 0) return;
    console.log(`\n${table(rows)}\n`);
    const whole = /go,js/.test(process.env.RX_LIBP2P_INTEROP_PEERS ?? '');
    const all = [...rows.values()].flat().every(({ status }) => status === 'passed' || status === 'failed');
    if (!whole || !all) return console.log('docs/interop.md is left alone: not everything was run');
    const file = here('../../docs/interop.md');
    const options = (await resolveConfig(file)) ?? {};
    writeFileSync(file, await format(page(rows), { ...options, parser: 'markdown' }));
  }
}
