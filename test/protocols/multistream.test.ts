import fc from 'fast-check';
import { concatBytes, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { encodeToken, HEADER, TokenReader } from '../../src/protocols/multistream/codec.js';
import { LazyAnswer, Offer, proposalOf } from '../../src/protocols/multistream/offer.js';
import { Responder } from '../../src/protocols/multistream/respond.js';
import { offer, offerLazily, respond } from '../../src/protocols/multistream/select.js';
import { duplexPair, record } from '../support/duplex-pair.js';
import { codeThrownBy, cut, CUTS, fromHex, vectors } from '../support/vectors.js';

interface MultistreamVectors {
  frames: { text: string; hex: string }[];
  lsResponses: { protocols: string[]; hex: string }[];
  transcripts: {
    name: string;
    steps: { from: 'initiator' | 'responder'; hex: string }[];
    result: string | null;
  }[];
  invalid: { hex: string; reason: string }[];
}
const file = vectors<MultistreamVectors>('multistream');
const textOf = ({ text, hex }: { text: string; hex: string }): string =>
  text.startsWith('(') ? `/${'a'.repeat(hex.length / 2 - (hex.startsWith('8001') ? 4 : 3))}` : text;

it('consumes the whole vector file', () => {
  expect([file.frames.length, file.lsResponses.length, file.transcripts.length, file.invalid.length]).toEqual(
    [12, 3, 5, 6],
  );
});

describe.each(CUTS)('in chunks of %d', (size) => {
  it.each(file.frames)('$text', (frame) => {
    expect(toHex(encodeToken(textOf(frame)))).toBe(frame.hex);
    const reader = new TokenReader();
    const texts = cut(fromHex(frame.hex), size).map((chunk) => {
      reader.push(chunk);
      return reader.next();
    });
    expect(texts.at(-1)).toBe(textOf(frame));
    expect(texts.slice(0, -1).every((text) => text === undefined)).toBe(true);
    expect(reader.rest()).toBeUndefined();
  });

  it.each(file.transcripts)('$name: as initiator', ({ steps, result }) => {
    const own = steps.filter(({ from }) => from === 'initiator').map(({ hex }) => hex);
    const texts = readTexts(own.join('')).filter((text) => text !== HEADER && text.startsWith('/'));
    const initiator = new Offer(texts);
    const theirs = fromHex(
      steps
        .filter(({ from }) => from === 'responder')
        .map(({ hex }) => hex)
        .join(''),
    );
    let outcome: string | undefined;
    const written: string[] = [toHex(initiator.opening())];
    const act = (): void => {
      for (const chunk of cut(theirs, size)) {
        if (outcome !== undefined) break;
        let answer = initiator.push(chunk);
        while (answer instanceof Uint8Array) {
          written.push(toHex(answer));
          answer = initiator.push(new Uint8Array(0));
        }
        outcome = answer?.protocol;
      }
    };
    if (result === null) expect(codeThrownBy(act)).toBe('ERR_UNSUPPORTED_PROTOCOL');
    else {
      act();
      expect(outcome).toBe(result);
    }
    expect(own.join('').startsWith(written.join('').slice(0, own.join('').length))).toBe(true);
  });

  it.each(file.transcripts)('$name: as responder', ({ steps, result }) => {
    const responder = new Responder((protocol) => protocol === result);
    const asked = fromHex(
      steps
        .filter(({ from }) => from === 'initiator')
        .map(({ hex }) => hex)
        .join(''),
    );
    const said = [toHex(Responder.opening)];
    let rest = '';
    let protocol: string | undefined;
    for (const chunk of cut(asked, size)) {
      if (protocol !== undefined) {
        rest += toHex(chunk);
        continue;
      }
      const reply = responder.push(chunk);
      if (reply.write !== undefined) said.push(toHex(reply.write));
      protocol = reply.protocol;
      rest += toHex(reply.rest ?? new Uint8Array(0));
    }
    expect(protocol ?? null).toBe(result);
    // What follows the proposal is the application's: the optimistic transcript echoes it.
    expect(said.join('') + rest).toBe(
      steps
        .filter(({ from }) => from === 'responder')
        .map(({ hex }) => hex)
        .join(''),
    );
  });

  it.each(file.invalid)('refuses $hex: $reason', ({ hex, reason }) => {
    const act = (): void => {
      const offerer = new Offer(['/x']);
      for (const chunk of cut(fromHex(hex), size)) offerer.push(chunk);
    };
    expect(reason).not.toBe('');
    expect(codeThrownBy(act)).toBe('ERR_MULTISTREAM');
  });
});

function readTexts(hex: string): string[] {
  const reader = new TokenReader();
  reader.push(fromHex(hex));
  const texts: string[] = [];
  for (let text = nextText(reader); text !== undefined; text = nextText(reader)) texts.push(text);
  return texts;
}
/** Application bytes behind a proposal are no tokens. */
function nextText(reader: TokenReader): string | undefined {
  try {
    return reader.next();
  } catch {
    return undefined;
  }
}

describe('the responder under bad input', () => {
  const ask = (...hexes: string[]): string | undefined =>
    codeThrownBy(() => new Responder(() => false).push(concatBytes(...hexes.map(fromHex))));
  const header = toHex(encodeToken(HEADER));
  it.each([
    ['[M2] a token without newline', '036e6162'],
    ['[M3] a token of only a newline', '010a'],
    ['[M4] a length of 1025', '8108'],
    ['[M5] a length that never ends', '808080'],
    ['[M6] a length that is not minimal', '9300'],
    ['[M7] a proposal in place of the header', toHex(encodeToken('/x'))],
    ['[M8] another version', toHex(encodeToken('/multistream/2.0.0'))],
    ['[M8] a carriage return', toHex(encodeToken(`${HEADER}\r`))],
    ['[M8] upper case', toHex(encodeToken(HEADER.toUpperCase()))],
    ['[M9] the header for the third time', header.repeat(3)],
    ['[M13] a refusal', header + toHex(encodeToken('na'))],
    ['[M15] NUL in a name', header + toHex(encodeToken('/a\0b'))],
    ['[M15] no UTF-8', `${header}052f78fffe0a`],
  ])('%s', (_, hex) => {
    expect(ask(hex)).toBe('ERR_MULTISTREAM');
  });

  it('[M9] tolerates the header twice', () => {
    expect(ask(header, header)).toBeUndefined();
  });

  it('[M10] gives up after 32 proposals', () => {
    const proposal = toHex(encodeToken('/unknown'));
    expect(ask(header, proposal.repeat(31))).toBeUndefined();
    expect(ask(header, proposal.repeat(32))).toBe('ERR_LIMIT');
  });

  it('[M12] answers `ls` with a refusal, and never says more than it is asked', () => {
    expect(toHex(new Responder(() => true).push(fromHex(header)).write ?? new Uint8Array(0))).toBe('');
    const reply = new Responder((protocol) => protocol !== 'ls').push(fromHex(`${header}036c730a`));
    expect(toHex(reply.write ?? new Uint8Array(0))).toBe('036e610a');
  });

  it.each(['__proto__', 'constructor', 'toString'])('[M16] %s is a name like any other', (name) => {
    const handlers = new Map([['/x', true]]);
    const reply = new Responder((protocol) => handlers.has(protocol)).push(
      concatBytes(encodeToken(HEADER), encodeToken(name)),
    );
    expect(reply.protocol).toBeUndefined();
  });

  it('never fails otherwise than by its own errors', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40, size: 'max' }), { maxLength: 5 }), (chunks) => {
        const responder = new Responder((protocol) => protocol === '/x');
        const code = codeThrownBy(() => {
          chunks.forEach((chunk) => responder.push(new Uint8Array(chunk)));
        });
        expect([undefined, 'ERR_MULTISTREAM', 'ERR_LIMIT']).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the initiator', () => {
  it.each(['/noise/2', '/nois', '/x'])('[M14] refuses %s in answer to /noise', (answer) => {
    const initiator = new Offer(['/noise']);
    expect(codeThrownBy(() => initiator.push(concatBytes(encodeToken(HEADER), encodeToken(answer))))).toBe(
      'ERR_MULTISTREAM',
    );
  });

  it('reads the answer to what it proposed without waiting, and no further', () => {
    const answer = new LazyAnswer('/x');
    expect(answer.push(encodeToken(HEADER))).toBeUndefined();
    expect(toHex(answer.push(concatBytes(encodeToken('/x'), utf8('data')))?.rest ?? new Uint8Array(0))).toBe(
      toHex(utf8('data')),
    );
    expect(
      codeThrownBy(() => new LazyAnswer('/x').push(concatBytes(encodeToken(HEADER), encodeToken('na')))),
    ).toBe('ERR_UNSUPPORTED_PROTOCOL');
  });
});

describe('on a channel', () => {
  it('both sides agree, and what follows is theirs', () => {
    const { near, far, settle } = duplexPair();
    const agreed: string[] = [];
    offer(near, ['/a', '/b']).subscribe(({ protocol, duplex }) => {
      agreed.push(protocol);
      duplex.sink.next(utf8('over'));
    });
    let heard: (() => Uint8Array) | undefined;
    respond(far, ['/b']).subscribe(({ protocol, duplex }) => {
      agreed.push(protocol);
      heard = record(duplex).bytes;
    });
    settle();
    expect(agreed).toEqual(['/b', '/b']);
    expect(toHex(heard?.() ?? new Uint8Array(0))).toBe(toHex(utf8('over')));
  });

  it.each([
    [
      'a subscriber',
      (duplex: Duplex, bytes: Bytes) => {
        duplex.sink.next(bytes);
      },
    ],
    ['a layer', (duplex: Duplex, bytes: Bytes) => duplex.plain?.write([bytes])],
  ])('an optimistic proposal leaves in one piece with the first bytes of %s', (_, write) => {
    const { near, far, settle } = duplexPair();
    const sent = record(far);
    write(offerLazily(near, '/a'), utf8('hello'));
    settle();
    expect(toHex(sent.bytes())).toBe(toHex(concatBytes(proposalOf('/a'), utf8('hello'))));
  });

  it('a refused optimistic proposal errors the read', () => {
    const { near, far, settle } = duplexPair();
    const read = record(offerLazily(near, '/a'));
    respond(far, ['/b']).subscribe();
    settle();
    expect(read.ended()).toMatchObject({ code: 'ERR_UNSUPPORTED_PROTOCOL' });
  });

  it('an end in the middle is an error', () => {
    const { near, far, settle } = duplexPair();
    let failure: unknown;
    offer(near, ['/a']).subscribe({ error: (error: unknown) => (failure = error) });
    far.sink.complete();
    settle();
    expect(failure).toMatchObject({ code: 'ERR_UNEXPECTED_END' });
  });
});
