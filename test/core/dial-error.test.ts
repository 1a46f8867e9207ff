import { DialError } from '../../src/core/dial-error.js';
import { AbortError, Libp2pError, TimeoutError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';

const ID = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
type Facts = ConstructorParameters<typeof DialError>[0];
const failed = (facts: Partial<Facts> = {}): DialError =>
  new DialError({
    peer: peerIdFrom(ID),
    cause: new Error('all dials failed'),
    errors: [],
    skipped: 0,
    ...facts,
  });
const entry = (addr: string, error: Error): Facts['errors'][number] => ({
  addr: parseMultiaddr(addr),
  error,
});
const TCP = '/ip4/1.2.3.4/tcp/1';
const QUIC = '/ip4/1.2.3.4/udp/1/quic-v1';

it.each<[string, Partial<Facts>, string]>([
  ['with a cause', {}, `failed to dial ${ID}: all dials failed`],
  ['without a cause', { cause: undefined }, `failed to dial ${ID}:`],
  [
    'with entries, each on its own line',
    { errors: [entry(TCP, new Error('refused')), entry(QUIC, new Error('black hole'))] },
    `failed to dial ${ID}: all dials failed\n  * [${TCP}] refused\n  * [${QUIC}] black hole`,
  ],
  [
    'with skipped ones',
    { errors: [entry(TCP, new Error('refused'))], skipped: 3 },
    `failed to dial ${ID}: all dials failed\n  * [${TCP}] refused\n    ... skipping 3 errors ...`,
  ],
  [
    'with an entry that is a failed dial itself',
    {
      errors: [
        entry(TCP, failed({ errors: [entry(QUIC, new Error('refused'))] })),
        entry(QUIC, new Error('late')),
      ],
    },
    `failed to dial ${ID}: all dials failed\n  * [${TCP}] failed to dial ${ID}: all dials failed\n      * [${QUIC}] refused\n  * [${QUIC}] late`,
  ],
])('DERR-3: reads as go’s, %s', (_, facts, message) => {
  expect(failed(facts).message).toBe(message);
});

it('DERR-1: carries its facts; code and fault are what is said, or those of a failed dial', () => {
  const cause = new TimeoutError('dialing', 60_000);
  const errors = [entry(TCP, new Error('refused'))];
  const error = failed({ cause, errors, skipped: 2, retryAfterMs: 1_500, code: 'ERR_GATED', fault: 'local' });
  expect(error).toMatchObject({
    name: 'DialError',
    errors,
    skipped: 2,
    retryAfterMs: 1_500,
    code: 'ERR_GATED',
    fault: 'local',
  });
  expect([error.cause === cause, error.peer.toString()]).toEqual([true, ID]);
  expect(failed()).toMatchObject({ code: 'ERR_DIAL_FAILED', fault: 'network', retryAfterMs: undefined });
  expect('cause' in failed({ cause: undefined })).toBe(false);
});

it('prints as a table', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const error = failed({
    errors: [entry(TCP, refused), entry(QUIC, new Error('odd'))],
    skipped: 1,
    retryAfterMs: 5_000,
  });
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    code: 'ERR_DIAL_FAILED',
    message: 'all dials failed',
    peer: ID,
    errors: [
      { addr: TCP, code: 'ECONNREFUSED', message: 'refused' },
      { addr: QUIC, code: 'ERR_UNHANDLED', message: 'odd' },
    ],
    skipped: 1,
    retryAfterMs: 5_000,
  });
});

describe('DERR-5: matches', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const wrapped = new Libp2pError('ERR_TRANSPORT', 'network', 'tcp', {
    cause: new Error('deeper', { cause: refused }),
  });
  const loop = new Error('a');
  loop.cause = new Error('b', { cause: loop });

  it.each<[string, Partial<Facts>, string, boolean]>([
    ['itself', {}, 'ERR_DIAL_FAILED', true],
    ['itself, by another code', { code: 'ERR_GATED' }, 'ERR_GATED', true],
    ['nothing by the code that it does not have', { code: 'ERR_GATED' }, 'ERR_DIAL_FAILED', false],
    ['its cause', { cause: wrapped }, 'ERR_TRANSPORT', true],
    ['what its cause is caused by', { cause: wrapped }, 'ECONNREFUSED', true],
    ['an entry', { errors: [entry(QUIC, new Error('odd')), entry(TCP, wrapped)] }, 'ERR_TRANSPORT', true],
    ['what an entry is caused by', { errors: [entry(TCP, wrapped)] }, 'ECONNREFUSED', true],
    [
      'a part of an aggregate',
      { errors: [entry(TCP, new AggregateError([new Error('x'), refused]))] },
      'ECONNREFUSED',
      true,
    ],
    [
      'an entry of an entry',
      { errors: [entry(TCP, failed({ errors: [entry(QUIC, wrapped)] }))] },
      'ECONNREFUSED',
      true,
    ],
    [
      'no text that merely stands in a message',
      { errors: [entry(TCP, new Error('ECONNREFUSED'))] },
      'ECONNREFUSED',
      false,
    ],
    ['nothing in a circle of causes', { cause: loop }, 'ECONNREFUSED', false],
    [
      'nothing in causes that are no errors',
      { cause: new Error('x', { cause: 'ECONNREFUSED' }) },
      'ECONNREFUSED',
      false,
    ],
    ['nothing where there is no cause', { cause: undefined }, 'ECONNREFUSED', false],
  ])('%s', (_, facts, code, expected) => {
    expect(failed(facts).matches(code)).toBe(expected);
  });
});

it.each<[string, Error | undefined, boolean]>([
  ['a deadline of ours', new TimeoutError('dialing', 60_000), true],
  ['the platform’s', new DOMException('signal timed out', 'TimeoutError'), true],
  ['the system’s', Object.assign(new Error('connect'), { code: 'ETIMEDOUT' }), true],
  ['an abort', new AbortError('dialing was aborted'), false],
  ['anything else', new Error('all dials failed', { cause: new TimeoutError('dialing', 1) }), false],
  ['nothing', undefined, false],
])('DERR-6: is a timeout exactly if its cause is one: %s', (_, cause, expected) => {
  expect(failed({ cause }).isTimeout).toBe(expected);
  expect(failed({ errors: [entry(TCP, new TimeoutError('dialing', 1))] }).isTimeout).toBe(false);
});
