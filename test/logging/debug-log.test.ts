import type { HostEvent } from '../../src/index.js';
import { debugLog } from '../../src/logging/debug-log.js';
import { debugPatterns } from '../../src/logging/debug-patterns.js';

it.each([
  ['rx-libp2p:*', 'rx-libp2p:dial:start', true],
  ['*', 'rx-libp2p:dial:start', true],
  ['rx-libp2p:dial:*', 'rx-libp2p:dial:start', true],
  ['rx-libp2p:dial:*', 'rx-libp2p:peer:connect', false],
  ['rx-libp2p:*:open', 'rx-libp2p:stream:open', true],
  ['rx-libp2p:*:open', 'rx-libp2p:stream:opened', false],
  ['rx-libp2p:dial:start', 'rx-libp2p:dial:start', true],
  ['rx-libp2p:dial', 'rx-libp2p:dial:start', false],
  ['express:*,rx-libp2p:peer:*', 'rx-libp2p:peer:connect', true],
  ['express:* rx-libp2p:peer:*', 'rx-libp2p:peer:connect', true],
  ['rx-libp2p:*,-rx-libp2p:stream:*', 'rx-libp2p:stream:open', false],
  ['-rx-libp2p:stream:*,rx-libp2p:*', 'rx-libp2p:stream:open', false],
  ['rx-libp2p:*,-rx-libp2p:stream:*', 'rx-libp2p:peer:connect', true],
  ['-rx-libp2p:stream:*', 'rx-libp2p:peer:connect', false],
  ['rx.libp2p:*', 'rx-libp2p:peer:connect', false],
  ['rx-libp2p:(', 'rx-libp2p:(', true],
  ['', 'rx-libp2p:dial:start', false],
])('DEBUG=%s and %s: %p', (text, name, wanted) => {
  expect(debugPatterns(text).wants(name)).toBe(wanted);
});

it('a pattern of stars alone is looked at in no time', () => {
  expect(debugPatterns(`${'*'.repeat(50)}x`).wants('a'.repeat(1_000))).toBe(false);
});

const lines: string[] = [];
const write = (line: string): void => {
  lines.push(line);
};
beforeEach(() => (lines.length = 0));

it.each([undefined, '', 'express:*', '-rx-libp2p:*', 'rx-libp', 'rx-libp2pp:*'])(
  'nobody listens for DEBUG=%s',
  (text) => {
    expect(debugLog(text, write)).toBeUndefined();
  },
);

it.each(['*', 'rx*', 'rx-libp2p:*', 'rx-libp2p:dial:*', 'rx-libp2p:dial:start', 'a,rx-libp2p:*'])(
  'somebody does for DEBUG=%s',
  (text) => {
    expect(debugLog(text, write)).toBeDefined();
  },
);

const say = (debug: string, fields: object): void => {
  debugLog(debug, write)?.('12D3KooWabcdef').next?.({ at: 1234.5678, seq: 7, ...fields } as HostEvent);
};

it('a line has the name, the host, the number, the host’s own time, and the fields', () => {
  say('rx-libp2p:peer:*', { type: 'peer:connect', peer: 'Qm', limited: false });
  say('rx-libp2p:peer:*', { type: 'dial:start', peer: 'Qm' });
  expect(lines).toEqual(['rx-libp2p:peer:connect abcdef #7 1234.6 ms {"peer":"Qm","limited":false}']);
});

it('[P26] what a remote says is escaped, and cut', () => {
  say('*', {
    type: 'peer:identify',
    agent: `\u001b[2J\u202e\n${'a'.repeat(1_000)}`,
    protocols: Array.from({ length: 500 }, (_, at) => `/${String(at)}`),
  });
  const [line = ''] = lines;
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(line).toContain('…');
  expect(line).toContain('"… 484 more"');
  expect(line.length).toBeLessThan(700);
});
