/** Every rule of `securitySuite` and of `muxerSuite` finds a part that breaks it. */
import { plaintext, yamux, type MuxerFactory, type SecurityFactory } from '../../src/index.js';
import { muxerSuite, securitySuite } from '../../src/testing.js';
import * as broken from '../support/broken-parts.js';
import { collectedSuite, verdict, type CollectedSuite } from '../support/collected-suite.js';

const SMALL = { bytes: 300_000, heldBytes: 800_000, patienceMs: 1_000, timeoutMs: 10_000 };

const SECURITY: readonly (readonly [rule: string, factory: () => SecurityFactory, finds: RegExp])[] = [
  ['tells each end who the other is, whatever its kind of key', broken.namesAnother, /told of another/],
  ['carries every byte in order, and ends where the other side has ended', broken.losesTheEnd, /no end/],
  ['does not care where the wire cuts', broken.wantsItWhole, /has not ended|no end/],
  ['refuses another peer than the one that was dialed', broken.takesAnyone, /talks to another peer/],
  ['fails where the wire ends amid the handshake, after any byte', broken.waitsForEver, /the listener waits/],
  ['fails with a code for what is no handshake', broken.throwsWhatItLikes, /has no code/],
  [
    'leaves the channel to its owner when it is given up or has failed',
    broken.closesWhatIsNotItsOwn,
    /it has called sink.error/,
  ],
  [
    'holds a writer back whose reader takes nothing, and loses nothing',
    broken.holdsNobodyBack,
    /went to a reader that takes none/,
  ],
  ['is an error, never an end, where the wire is cut', broken.callsACutAnEnd, /a reader has completed/],
  ['settles the same muxer at both ends, or none', broken.choosesForItself, /one end has/],
  [
    'hands nothing on that was changed on the way, in the handshake or behind',
    plaintext,
    /nobody minds|given something else/,
  ],
];
const MUXERS: readonly (readonly [rule: string, muxer: MuxerFactory, finds: RegExp])[] = [
  ['opens streams from either end', broken.countsWrongly, /it counts 0/],
  ['carries every byte in order, both ways at once', broken.changesBytes, /sent .*; came/],
  [
    'does not care where the wire cuts',
    broken.losesWhatWasCut,
    /not as many have come in|sent .*; came|no end/,
  ],
  [
    'half-closes: the side that has ended still hears the other',
    broken.endsBothSides,
    /after the client|is gone/,
  ],
  ['resets a stream, with the number, and no other', broken.forgetsTheNumber, /with 42; came/],
  [
    'stalls a writer whose reader takes nothing, holds no more than the window, and loses nothing',
    broken.grantsWithoutReading,
    /went to a reader that takes none/,
  ],
  ['opens, uses and ends many streams, and none is left', broken.opensOnlyAFew, /the limit streams of 150/],
  ['bounds its streams, says so, and has room again', broken.opensWithoutBound, /and it takes more/],
  [
    'ends in order: no more streams, those that there are end as they would, then it is closed',
    broken.opensWhileItCloses,
    /closing, and open says undefined/,
  ],
  ['ends all at once, at both ends', broken.abortsNothing, /aborted, and a stream goes on/],
  [
    'ends every stream with an error where the wire is cut, or ends',
    broken.callsEveryEndAnEnd,
    /as if all had been said/,
  ],
  ['ends, and throws nothing, where what comes is no frame', broken.callsEveryEndAnEnd, /garbage is an end/],
];

describe('securitySuite finds', () => {
  it.each(SECURITY)(
    'a mutant: %s',
    async (rule, factory, finds) => {
      expect(String(await verdict(security(factory), rule))).toMatch(finds);
    },
    20_000,
  );

  it('one for every rule', () => {
    expect(SECURITY.map(([rule]) => rule).sort()).toEqual([...security(plaintext).rules.keys()].sort());
  });
});

describe('muxerSuite finds', () => {
  it.each(MUXERS)(
    'a mutant: %s',
    async (rule, muxer, finds) => {
      expect(
        String(
          await verdict(
            muxing(() => muxer),
            rule,
          ),
        ),
      ).toMatch(finds);
    },
    20_000,
  );

  it('one for every rule', () => {
    expect(MUXERS.map(([rule]) => rule).sort()).toEqual([...muxing(() => yamux()).rules.keys()].sort());
  });
});

it('the suites name an option that they do not know', () => {
  const odd = { byte: 1 } as object;
  expect(() => {
    securitySuite('wrong', plaintext, odd);
  }).toThrow(/securitySuite has no option "byte"/);
  expect(() => {
    muxerSuite('wrong', yamux, odd);
  }).toThrow(/muxerSuite has no option "byte"/);
});

function security(factory: () => SecurityFactory): CollectedSuite {
  const suite = collectedSuite();
  securitySuite('a mutant', factory, { ...SMALL, runner: suite.runner });
  return suite;
}

function muxing(factory: () => MuxerFactory): CollectedSuite {
  const suite = collectedSuite();
  muxerSuite('a mutant', factory, { ...SMALL, runner: suite.runner });
  return suite;
}
