import { codeOf } from '../../core/errors.js';
import type { KeyType } from '../../core/identity.js';
import { generateKey } from '../../core/keys.js';
import { peerIdFrom } from '../../core/peer-id.js';
import type { SecurityFactory } from '../../host/contract.js';
import { blocks, Checksum, hear, mustMatch, send } from './bytes.js';
import { checkedSecurityOptions, type SecuritySuiteOptions } from './part-options.js';
import { register } from './runner.js';
import { outcomeOf, SecurityBench } from './security-bench.js';
import { endingAfter, flipped, inPieces, overheard, suiteWire } from './suite-wire.js';
import { done, hasCode, must, pause, standsStill, until, within } from './waiting.js';

const KEY_TYPES: readonly KeyType[] = ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'];
const MUXER = '/suite/muxer/1.0.0';
/** Where bytes are changed, and where the wire ends: across the handshakes of today, and behind them. */
const PLACES = [0, 1, 5, 17, 33, 40, 90, 150, 250, 400, 700, 1_000, 1_500, 2_500, 4_000, 8_000];
/** What travels behind a handshake where one byte is changed. */
const MORE_BYTES = 20_000;

/**
 * Registers the rules that every security protocol must keep, as `transportSuite` does those of transports. `factory`
 * gives a fresh part each time. Throws ERR_INVALID_OPTION.
 */
export function securitySuite(
  name: string,
  factory: () => SecurityFactory,
  options: SecuritySuiteOptions = {},
): void {
  const settings = checkedSecurityOptions(options);
  const rules = settings.authenticated ? { ...RULES, ...OF_AUTHENTICATED } : RULES;
  const checks = Object.entries(rules).map(([rule, check]) => ({
    name: rule,
    timeoutMs: settings.timeoutMs,
    run: () =>
      within(check(new SecurityBench(factory, settings)), 'the check has not ended', settings.timeoutMs),
  }));
  register(name, checks, settings.runner);
}

type SecurityCheck = (bench: SecurityBench) => Promise<void>;

const RULES: Readonly<Record<string, SecurityCheck>> = {
  'tells each end who the other is, whatever its kind of key': async (bench) => {
    for (const type of KEY_TYPES) {
      const [ours, theirs] = [generateKey(), generateKey(type)];
      for (const [dialer, listener] of [
        [ours, theirs],
        [theirs, ours],
      ] as const) {
        const [atDialer, atListener] = await bench.both(
          suiteWire(),
          { key: dialer, expects: peerIdFrom(listener) },
          { key: listener },
        );
        must(atDialer.remotePeer.equals(peerIdFrom(listener)), `${type}: the dialer is told of another`);
        must(atListener.remotePeer.equals(peerIdFrom(dialer)), `${type}: the listener is told of another`);
      }
    }
  },

  'carries every byte in order, and ends where the other side has ended': async (bench) => {
    const { bytes } = bench.settings;
    const [near, far] = await bench.both(suiteWire());
    await bench.carry(near.duplex, far.duplex, bytes, 'from the dialer');
    await bench.carry(far.duplex, near.duplex, bytes, 'from the listener');
  },

  'does not care where the wire cuts': async (bench) => {
    for (const size of [1, 2, 3, 7]) {
      const [near, far] = await bench.both(suiteWire(inPieces(size), inPieces(size)));
      const what = `in pieces of ${String(size)}`;
      await bench.carry(near.duplex, far.duplex, MORE_BYTES, what);
      await bench.carry(far.duplex, near.duplex, MORE_BYTES, what);
    }
  },

  'refuses another peer than the one that was dialed': async (bench) => {
    const wire = suiteWire();
    const expects = peerIdFrom(generateKey());
    const listening = bench.secure(wire.far, 'responder').catch(() => undefined);
    const work = bench.secure(wire.near, 'initiator', { expects });
    const error = await bench.failureOf(work, 'talks to another peer than was dialed');
    must(codeOf(error) === 'ERR_PEER_ID_MISMATCH', `refused with ${String(error)}`);
    wire.cut();
    await bench.within(listening, 'the listener waits for ever');
  },

  'fails where the wire ends amid the handshake, after any byte': async (bench) => {
    for (const place of PLACES) {
      const wire = suiteWire(endingAfter(place));
      const dialing = bench.secure(wire.near, 'initiator');
      const listening = bench.secure(wire.far, 'responder');
      const what = `the wire has ended after ${String(place)} bytes, and the listener waits`;
      const outcome = await bench.within(outcomeOf(listening), what);
      wire.cut();
      await bench.within(outcomeOf(dialing), 'the wire was cut, and the dialer waits');
      // So many bytes are more than this handshake has.
      if (!(outcome instanceof Error)) break;
      must(hasCode(outcome), `failed with ${String(outcome)}, which has no code`);
    }
  },

  'fails with a code for what is no handshake': async (bench) => {
    for (const role of ['initiator', 'responder'] as const) {
      const wire = suiteWire();
      const garbage = new Uint8Array(70_000).fill(0x47);
      wire.far.sink.next(garbage);
      wire.far.sink.complete();
      const error = await bench.failureOf(bench.secure(wire.near, role), `an ${role} takes garbage`);
      must(hasCode(error), `an ${role} failed with ${String(error)}, which has no code`);
      wire.cut();
    }
  },

  'leaves the channel to its owner when it is given up or has failed': async (bench) => {
    const wire = suiteWire();
    const calls: string[] = [];
    const near = overheard(wire.near, (what) => calls.push(what));
    const expects = peerIdFrom(generateKey());
    const listening = outcomeOf(bench.secure(wire.far, 'responder'));
    await outcomeOf(bench.secure(near, 'initiator', { expects }));
    await pause(20);
    const ended = calls.filter((what) => what !== 'write');
    must(ended.length === 0, `it has called sink.${ended.join()} of a channel that is not its own`);
    wire.cut();
    await bench.within(listening, 'the wire was cut, and the listener waits');
    const other = suiteWire();
    const abandoned = overheard(other.near, (what) => calls.push(what));
    bench
      .securing(abandoned, 'responder')
      .subscribe({ error: () => undefined })
      .unsubscribe();
    const given = calls.filter((what) => what !== 'write');
    must(given.length === 0, `given up, it has called sink.${given.join()}`);
    const heard = hear(other.near);
    other.far.sink.next(new Uint8Array(3));
    await until(() => heard.sum.byteLength === 3, 'given up, it still reads', bench.settings.patienceMs);
    other.cut();
  },

  'holds a writer back whose reader takes nothing, and loses nothing': async (bench) => {
    const { heldBytes, timeoutMs, patienceMs } = bench.settings;
    const [near, far] = await bench.both(suiteWire());
    const sum = new Checksum();
    const written = done(send(near.duplex, blocks(3 * heldBytes, 2, sum)));
    const what = `more than ${String(heldBytes)} bytes went to a reader that takes none`;
    await standsStill(() => sum.byteLength, heldBytes, what, patienceMs);
    const heard = hear(far.duplex);
    await within(written, 'the writer did not go on when its reader did', timeoutMs);
    await mustMatch(heard, sum, 'after the stall', timeoutMs);
  },

  'is an error, never an end, where the wire is cut': async (bench) => {
    const wire = suiteWire();
    const [near, far] = await bench.both(wire);
    const ends = [hear(near.duplex).end, hear(far.duplex).end];
    wire.cut();
    for (const end of await bench.within(Promise.all(ends), 'the wire was cut, and a reader waits'))
      must(end instanceof Error, 'the wire was cut, and a reader has completed');
  },

  'settles the same muxer at both ends, or none': async (bench) => {
    for (const [ours, theirs] of [
      [[MUXER], [MUXER]],
      [['/suite/other/1.0.0', MUXER], [MUXER]],
      [[], [MUXER]],
      [['/suite/other/1.0.0'], [MUXER]],
    ] as const) {
      const wire = suiteWire();
      const both = bench.both(wire, { muxers: ours }, { muxers: theirs });
      const outcome = await outcomeOf(both);
      wire.cut();
      // Having none in common may be found here already.
      if (outcome instanceof Error) must(!ours.some((id) => id === MUXER), `failed with ${String(outcome)}`);
      else {
        const [near, far] = outcome;
        must(near.muxer === far.muxer, `one end has ${String(near.muxer)}, the other ${String(far.muxer)}`);
        must(
          near.muxer === undefined || near.muxer === MUXER,
          `settled ${String(near.muxer)}, which one has not`,
        );
      }
    }
  },
};

const OF_AUTHENTICATED: Readonly<Record<string, SecurityCheck>> = {
  'hands nothing on that was changed on the way, in the handshake or behind': async (bench) => {
    await Promise.all(PLACES.map((place) => mustKeepPeer(bench, place)));
    for (const place of [...PLACES, MORE_BYTES]) await mustFindChange(bench, place);
  },
};

/** A byte is changed in the handshake: it fails, or it has proven the same as without. */
async function mustKeepPeer(bench: SecurityBench, place: number): Promise<void> {
  const key = generateKey();
  const wire = suiteWire(flipped(place));
  const both = [bench.secure(wire.near, 'initiator'), bench.secure(wire.far, 'responder', { key })];
  // A length that was changed may make an end wait, which is its owner's to end.
  const giveUp = pause(300).then(() => {
    wire.cut();
  });
  const [near] = await Promise.all([...both.map(outcomeOf), giveUp]);
  must(
    near === undefined || near instanceof Error || near.remotePeer.equals(peerIdFrom(key)),
    `byte ${String(place)} was changed, and so was the peer`,
  );
}

/** A byte is changed behind the handshake: what is read is a part of what was written, then an error. */
async function mustFindChange(bench: SecurityBench, behind: number): Promise<void> {
  let handshake = Infinity;
  let passed = 0;
  const wire = suiteWire((bytes, offset, handOn, end) => {
    passed = offset + bytes.byteLength;
    flipped(handshake + behind)(bytes, offset, handOn, end);
  });
  const [near, far] = await bench.both(wire);
  handshake = passed;
  const sent = new Uint8Array(2 * MORE_BYTES).map((_, at) => at * 7);
  const came: number[] = [];
  const ended = new Promise<unknown>((resolve) => {
    far.duplex.read().subscribe({
      next: (bytes) => came.push(...bytes),
      error: resolve,
      complete: () => {
        resolve('complete');
      },
    });
  });
  near.duplex.sink.next(sent);
  near.duplex.sink.complete();
  const end = await bench.within(ended, 'a byte was changed, and the reader waits');
  must(end instanceof Error, `byte ${String(behind)} behind the handshake was changed, and nobody minds`);
  must(
    came.every((byte, at) => byte === sent[at]),
    `byte ${String(behind)} behind the handshake was changed, and the reader was given something else`,
  );
}
