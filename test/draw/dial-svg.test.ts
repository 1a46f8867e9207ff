import fc from 'fast-check';
import { drawDialSvg } from '../../src/draw/dial-svg.js';
import { anyDial, plannedIn } from '../support/any-dial.js';
import {
  attempt,
  connect,
  dialEvents,
  end,
  fail,
  plan,
  refuse,
  resolved,
  start,
} from '../support/dial-events.js';

const [A, B] = ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2'];
const NAME = '/dnsaddr/example.org';
const race = dialEvents([
  [0, start()],
  [0, refuse('/ip4/127.0.0.1/tcp/1', 'ERR_ADDR_REFUSED', 'loopback')],
  [0, plan(A, 0)],
  [0, attempt(A)],
  [100, resolved(NAME, B)],
  [100, plan(B, 250)],
  [150, fail(A, 150, 'ECONNREFUSED', 'nobody <there> & "so on"')],
  [150, attempt(B)],
  [200, connect(B, 50)],
  [200, end('connected', 200)],
]);

describe('a pictured dial', () => {
  it('shows each address with its fate, the winner marked', () => {
    const texts = textsOf(drawDialSvg(race));
    // prettier-ignore
    expect(texts).toEqual([
      'dial …c6iDEp',
      `${B} won after 200 ms: 2 dialed, 1 failed, 1 refused, 1 name`,
      '0', '50 ms', '100 ms', '150 ms', '200 ms',
      A, '150 ms', 'ECONNREFUSED',
      NAME, '100 ms', '1 answer',
      '★', B, '200 ms', 'won',
      '/ip4/127.0.0.1/tcp/1', 'refused: ERR_ADDR_REFUSED, loopback',
      'waits', 'connects', 'asks for a name', 'answer', 'connected', 'failed',
    ]);
  });

  it('draws bars as long as their time', () => {
    const bars = [
      ...drawDialSvg(race).matchAll(/<rect class="connects" x="([\d.]+)" [^>]*?width="([\d.]+)"/g),
    ];
    const [first, second] = bars.map(([, x, width]) => ({ x: Number(x), width: Number(width) }));
    expect(bars).toHaveLength(3); // the third is the legend's
    expect(first!.width / second!.width).toBeCloseTo(3, 1);
    expect(second!.x).toBeCloseTo(first!.x + first!.width, 0);
  });

  it('tells a listener what it shows, and points at nothing outside', () => {
    const svg = drawDialSvg([
      ...race.slice(0, -2),
      ...dialEvents([[200, end('failed', 200, 'ERR_DIAL_FAILED')]]),
    ]);
    expect(svg).toMatch(/<svg [^>]*role="img"/);
    expect(svg).toContain('<title>dial …c6iDEp</title>');
    expect(svg).toContain(
      '<desc>failed after 200 ms: 2 dialed, 1 failed, 1 under way, 1 refused, 1 name; /ip4/1.2.3.4/tcp/1: ECONNREFUSED, nobody &lt;there&gt; &amp; &quot;so on&quot;',
    );
    expect(svg).not.toMatch(/href|url\(|@import|<script|on\w+=/);
    expect(svg.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
  });

  it('is the same for the same events', () => {
    fc.assert(
      fc.property(anyDial, (events) => {
        expect(drawDialSvg(structuredClone(events))).toBe(drawDialSvg(events));
      }),
    );
  });

  it('is well-formed XML within its frame, whatever the events and their order', () => {
    fc.assert(
      fc.property(
        anyDial,
        fc.oneof(fc.integer({ min: -100, max: 3000 }), fc.constant(NaN)),
        (events, width) => {
          const svg = drawDialSvg(events, { width });
          expect(brokenAt(svg)).toBeUndefined();
          const [, frameX, frameY] = /viewBox="0 0 (\S+) (\S+)"/.exec(svg)!;
          for (const [, x, y] of svg.matchAll(/<text [^>]*x="([^"]*)" y="([^"]*)"/g)) {
            expect(Number(x)).toBeGreaterThan(0);
            expect(Number(x)).toBeLessThan(Number(frameX));
            expect(Number(y)).toBeGreaterThan(0);
            expect(Number(y)).toBeLessThan(Number(frameY));
          }
          expect(svg).not.toMatch(/NaN|Infinity|="-\d[^"]*" height|width="-/);
        },
      ),
    );
  });

  it('shows every planned address, or counts it', () => {
    fc.assert(
      fc.property(anyDial, (events) => {
        const svg = drawDialSvg(events);
        const planned = plannedIn(events);
        const shown = planned.filter((addr) => svg.includes(`<title>${addr}</title>`));
        const more = /and (\d+) more/.exec(svg)?.[1] ?? 0;
        expect(shown.length + Number(more)).toBeGreaterThanOrEqual(planned.length);
      }),
    );
  });

  it('finds what is not well-formed: the check itself', () => {
    expect(brokenAt('<svg><g/></svg>\n')).toBeUndefined();
    for (const bad of [
      '<svg>',
      '<svg></g></svg>',
      '<svg>&</svg>',
      '<svg a=b/>',
      '<svg a="<"/>',
      '<svg>\x07</svg>',
      '<a/><b/>',
    ])
      expect(brokenAt(bad)).toBeDefined();
  });
});

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
}

/** Where a document stops being well-formed, as far as ours go: elements, attributes, text, the five entities. */
function brokenAt(xml: string): string | undefined {
  const TEXT = String.raw`(?:[^<&\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]|&(?:amp|lt|gt|quot|#39);)`;
  const attributes = String.raw`(?:\s+[\w:-]+="(?:(?!")${TEXT})*")*`;
  const token = new RegExp(`<(/?)([\\w:-]+)${attributes}\\s*(/?)>|${TEXT}+`, 'uy');
  const open: string[] = [];
  let roots = 0;
  while (token.lastIndex < xml.length) {
    const from = token.lastIndex;
    const [, closes, name, empty] = token.exec(xml) ?? [];
    if (token.lastIndex === 0) return xml.slice(from, from + 40);
    if (name === undefined) continue;
    if (closes === '' && open.length === 0) roots += 1;
    if (closes === '/' && open.pop() !== name) return `</${name}>`;
    if (closes === '' && empty === '') open.push(name);
  }
  return open.length === 0 && roots === 1 ? undefined : `${String(roots)} roots, open: ${open.join()}`;
}
