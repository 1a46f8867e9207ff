import {
  bumpOverwrite,
  bumpSum,
  bumpSumBounded,
  decayFixed,
  decayLinear,
  decayNone,
  expireWhenInactive,
  type Bump,
  type Decay,
} from '../../src/swarm/decay-rules.js';
import { DecayingTags, type DecayingTagOptions } from '../../src/swarm/decaying-tags.js';
import { TaggedPeers } from '../../src/swarm/tagged-peers.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { FakeRegistry } from '../support/managed.js';

const MINUTE = 60_000;

function bench() {
  const clock = new VirtualClock();
  const peers = new TaggedPeers<ReturnType<FakeRegistry['connect']>>({ has: () => false });
  const warnings: string[] = [];
  const tags = new DecayingTags(peers, clock, ({ message }) => warnings.push(message));
  const advance = (ms: number): void => {
    const end = clock.now() + ms;
    while ((clock.nextAt ?? Infinity) <= end) clock.step();
    clock.moveTo(end);
  };
  const register = (options: Partial<DecayingTagOptions> = {}) =>
    tags.register({ name: 'use', intervalMs: MINUTE, decay: decayFixed(1), bump: bumpSum, ...options });
  const value = (peer = 'a'): number | undefined => peers.info(peer)?.value;
  return { clock, peers, tags, warnings, advance, register, value };
}

describe('[DEC-5] decays', () => {
  it.each<[string, Decay, number, number, number | undefined]>([
    ['none keeps', decayNone, 5, 0, 5],
    ['fixed subtracts', decayFixed(2), 5, 0, 3],
    ['fixed ends at 0', decayFixed(5), 5, 0, undefined],
    ['fixed ends below 0', decayFixed(9), 5, 0, undefined],
    ['linear multiplies and rounds down', decayLinear(0.5), 5, 0, 2],
    ['linear ends at 0', decayLinear(0.5), 1, 0, undefined],
    ['[DEC-6, ODD-4] expiry keeps until it is inactive for so long', expireWhenInactive(100), 5, 99, 5],
    ['[DEC-6, ODD-4] expiry ends exactly then', expireWhenInactive(100), 5, 100, undefined],
  ])('%s', (_, decay, value, now, expected) => {
    expect(decay({ value, bumpedAt: 0 }, now)).toBe(expected);
  });
});

describe('[DEC-5] bumps', () => {
  it.each<[string, Bump, number, number, number]>([
    ['sum', bumpSum, 5, 3, 8],
    ['sum up to a bound', bumpSumBounded(0, 6), 5, 3, 6],
    ['sum down to a bound', bumpSumBounded(0, 6), 5, -9, 0],
    ['overwrite', bumpOverwrite, 5, 3, 3],
  ])('%s', (_, bump, value, delta, expected) => {
    expect(bump(value, delta)).toBe(expected);
  });
});

describe('decaying tags', () => {
  it('[DEC-1] have a name that nobody else has', () => {
    const { register } = bench();
    register();
    expect(() => register()).toThrow('decaying tag with name use already exists');
  });

  it('[DEC-1] have an interval of at least a minute; a shorter one is raised, with a warning', () => {
    const { register, warnings } = bench();
    expect(register({ intervalMs: 1 }).intervalMs).toBe(MINUTE);
    expect(warnings).toEqual(['decaying tag use: its interval of 1 ms is raised to 60000 ms']);
    expect(() => register({ name: 'other', intervalMs: Number.NaN })).toThrow('intervalMs is null');
  });

  it('[DEC-2] decay on ticks: 1.4 minutes is on the 2nd, 3rd, 5th, 6th and 7th', () => {
    const { register, advance, value } = bench();
    register({ intervalMs: 1.4 * MINUTE }).bump('a', 100);
    const values = [1, 2, 3, 4, 5, 6, 7].map(() => {
      advance(MINUTE);
      return value();
    });
    expect(values).toEqual([100, 99, 98, 98, 97, 96, 95]);
  });

  it('[DEC-2] that begin between two ticks count from the last', () => {
    const { register, advance, value } = bench();
    advance(1.5 * MINUTE);
    register().bump('a', 10);
    advance(0.5 * MINUTE - 1);
    expect(value()).toBe(10);
    advance(1);
    expect(value()).toBe(9);
  });

  it('[DEC-2] decay once, also when the clock has jumped', () => {
    const { register, clock, advance, value } = bench();
    register().bump('a', 10);
    clock.moveTo(10.5 * MINUTE);
    clock.step();
    expect(value()).toBe(9);
    advance(0.5 * MINUTE);
    expect(value()).toBe(8);
  });

  it('[DEC-4] are gone where the rule says so, and the peer with them', () => {
    const { register, advance, value, peers, clock } = bench();
    register({ decay: decayFixed(3) }).bump('a', 5);
    advance(MINUTE);
    expect(value()).toBe(2);
    advance(MINUTE);
    expect([value(), peers.decays, clock.nextAt]).toEqual([undefined, false, undefined]);
  });

  it('[DEC-3, DEC-4] that are closed leave all peers, take no bumps, and may be closed twice', () => {
    const { register, value, clock } = bench();
    const tag = register();
    tag.bump('a', 5);
    tag.bump('b', 5);
    tag.close();
    tag.close();
    expect([value('a'), value('b'), clock.nextAt]).toEqual([undefined, undefined, undefined]);
    expect(() => {
      tag.bump('a', 1);
    }).toThrow('decaying tag use had been closed; no further bumps are accepted');
    expect(() => {
      tag.remove('a');
    }).toThrow('no further removals are accepted');
    register().bump('a', 1);
    tag.close();
    expect(value()).toBe(1);
  });

  it('[DEC-3] can be taken from one peer', () => {
    const { register, value } = bench();
    const tag = register();
    tag.bump('a', 5);
    tag.bump('b', 5);
    tag.remove('a');
    tag.remove('nobody');
    expect([value('a'), value('b')]).toEqual([undefined, 5]);
  });

  it('add to the plain ones, and go with the last connection, and the timer with them', () => {
    const { register, peers, tags, value, clock } = bench();
    const connection = new FakeRegistry().connect('a');
    peers.add('a', connection, 0);
    peers.setTag('a', 'use', 2, 0);
    register().bump('a', 5);
    expect([value(), peers.info('a')?.tags.get('use')]).toEqual([7, 7]);
    peers.remove('a', connection);
    tags.rest();
    expect([value(), clock.nextAt]).toEqual([undefined, undefined]);
  });

  it('share one timer, which runs only while something decays', () => {
    const { register, clock, tags, advance } = bench();
    const [first, second] = [register(), register({ name: 'other', intervalMs: 3 * MINUTE })];
    expect(clock.nextAt).toBeUndefined();
    second.bump('a', 1);
    first.bump('a', 1);
    expect(clock.nextAt).toBe(MINUTE);
    first.close();
    advance(MINUTE);
    expect(clock.nextAt).toBe(3 * MINUTE);
    register({ name: 'late', intervalMs: MINUTE });
    expect(clock.nextAt).toBe(2 * MINUTE);
    tags.end();
    expect(clock.nextAt).toBeUndefined();
    second.bump('a', 1);
    expect(clock.nextAt).toBeUndefined();
  });
});
