/** A suite that cannot fail is worth nothing: every rule of `transportSuite` finds a part that breaks it. */
import { memory, type MuxerFactory, type TransportFactory } from '../../src/index.js';
import { transportSuite } from '../../src/testing.js';
import * as broken from '../support/broken-parts.js';
import { collectedSuite, verdict, type CollectedSuite } from '../support/collected-suite.js';

type Mutant = readonly [rule: string, factory: () => TransportFactory, finds: RegExp, muxer?: MuxerFactory];
const MUTANTS: readonly Mutant[] = [
  ['says where it is bound, and can be dialed there', broken.saysPortZero, /no port to dial/],
  ['tells the listener who has dialed, and from where', broken.namesItselfAsRemote, /same address/],
  [
    'fails where nobody listens any more, and says so',
    broken.neverRefusesADial,
    /dialed a port that is closed/,
  ],
  [
    'refuses a port that is taken, and frees it when the listener leaves',
    broken.neverRefusesAPort,
    /listens where somebody does/,
  ],
  ['refuses a port that is taken, and frees it when the listener leaves', broken.keepsItsPort, /taken/],
  [
    'closes the port when the listener leaves, and not what came through it',
    broken.takesChannelsAlong,
    /dial|no connection/i,
  ],
  ['carries many dials at once', broken.losesSomeOfMany, /no connection|dial/],
  ['leaves nothing of a dial that was given up, at any time', broken.dialsOnUnheard, /something is open/],
  [
    'ends every stream with an error when the line is cut, at both ends',
    broken.tellsNobodyOfAnEnd,
    /goes on although/,
  ],
  ['ends at the other end when a host stops', broken.tellsNobodyOfAnEnd, /still open|goes on although/],
  ['carries every byte in order, one way and then the other', broken.flipsAByte, /ended with|went away/],
  ['carries every byte in order, both ways at once', broken.flipsAByte, /ended with|went away/],
  [
    'half-closes: the side that has ended still hears the other',
    memory,
    /after the dialer had ended/,
    broken.endsBothSides,
  ],
  [
    'resets either end, with the number, and nothing but that stream',
    memory,
    /with 42; came/,
    broken.forgetsTheNumber,
  ],
  [
    'stalls a writer whose reader takes nothing, holds no more than the window, and loses nothing',
    memory,
    /went to a reader that takes none/,
    broken.grantsWithoutReading,
  ],
  [
    'opens, uses and ends many streams on one connection, and none is left',
    memory,
    /the limit streams of 150/,
    broken.opensOnlyAFew,
  ],
  [
    'bounds connections that say nothing, and serves the honest as soon as there is room',
    broken.tellsOfNothingSilent,
    /say nothing, and no more than 8 may/,
  ],
  [
    'a channel: ends where the other side has ended, behind its last byte',
    broken.losesTheLastByte,
    /sent 300000 bytes|first bytes have not come/,
  ],
  [
    'a channel: is an error at the other end when it is destroyed, never an end',
    broken.callsAResetAnEnd,
    /hears complete/,
  ],
  [
    'a channel: has no room while the other end reads nothing, and loses nothing',
    broken.takesWithoutBound,
    /went to an end that reads none/,
  ],
  [
    'a channel: is left alone by a listener that leaves, and by a dial that is over',
    broken.takesChannelsAlong,
    /nothing comes when the listener has left/,
  ],
  ['a channel: is for its own addresses, and refuses others by name', broken.claimsEverything, /says that/],
];

describe('transportSuite finds', () => {
  it.each(MUTANTS.map((mutant, at) => ({ at, rule: mutant[0], mutant })))(
    '$rule ($at)',
    async ({ rule, mutant: [, factory, finds, muxer] }) => {
      expect(String(await verdict(suiteOf(factory, muxer), rule))).toMatch(finds);
    },
    30_000,
  );

  it('a mutant for every rule', () => {
    const suite = suiteOf(memory);
    expect([...new Set(MUTANTS.map(([rule]) => rule))].sort()).toEqual([...suite.rules.keys()].sort());
  });
});

function suiteOf(factory: () => TransportFactory, muxer?: MuxerFactory): CollectedSuite {
  const suite = collectedSuite();
  transportSuite('a mutant', factory, {
    runner: suite.runner,
    listen: '/memory/0',
    bytes: 500_000,
    streamsAtOnce: 100,
    timeoutMs: 30_000,
    patienceMs: 1_000,
    openHandles: () => 0,
    hostOptions: muxer === undefined ? {} : { muxers: [muxer] },
  });
  return suite;
}
