import { parseMultiaddr } from '../../src/core/multiaddr.js';
import {
  NO_FAILURES,
  recordFailure,
  recordRefusal,
  type DialFailures,
} from '../../src/swarm/dial-failures.js';

const addr = parseMultiaddr('/ip4/1.2.3.4/tcp/1');
const many = (
  list: DialFailures,
  times: number,
  record: typeof recordFailure,
  what: string,
): DialFailures => {
  for (let i = 1; i <= times; i += 1) list = record(list, addr, new Error(`${what} ${String(i)}`));
  return list;
};
const facts = ({ errors, refused, skipped }: DialFailures): number[] => [errors.length, refused, skipped];

it.each<[string, number, number, [number, number, number]]>([
  ['nothing', 0, 0, [0, 0, 0]],
  ['16 attempts', 0, 16, [16, 0, 0]],
  ['the 17th attempt', 0, 17, [16, 0, 1]],
  ['a hundred attempts', 0, 100, [16, 0, 84]],
  ['refusals, which count towards the 16', 10, 10, [16, 10, 4]],
  ['16 refusals, which leave no room', 16, 3, [16, 16, 3]],
  ['refusals beyond the 16', 40, 1, [40, 40, 1]],
  ['the hundredth refusal', 100, 0, [100, 100, 0]],
  ['refusals beyond their own bound', 103, 1, [100, 100, 4]],
])('DERR-2: %s', (_, refusals, attempts, expected) => {
  const list = many(NO_FAILURES, refusals, recordRefusal, 'refusal');
  expect(facts(many(list, attempts, recordFailure, 'attempt'))).toEqual(expected);
});

it('DERR-2: refusals of a later plan are recorded behind 16 attempts, and every entry keeps its place', () => {
  const list = many(many(NO_FAILURES, 20, recordFailure, 'attempt'), 90, recordRefusal, 'refusal');
  expect(facts(list)).toEqual([106, 90, 4]);
  expect(facts(many(list, 20, recordRefusal, 'late'))).toEqual([116, 100, 14]);
  const messages = list.errors.map(({ error }) => error.message);
  expect([messages[0], messages[15], messages[16], messages[105]]).toEqual([
    'attempt 1',
    'attempt 16',
    'refusal 1',
    'refusal 90',
  ]);
});

it('leaves the list that it was given alone', () => {
  const one = recordFailure(NO_FAILURES, addr, new Error('x'));
  recordRefusal(one, addr, new Error('y'));
  recordFailure(one, addr, new Error('z'));
  expect([facts(NO_FAILURES), facts(one)]).toEqual([
    [0, 0, 0],
    [1, 0, 0],
  ]);
  expect(one.errors[0]).toMatchObject({ addr, error: { message: 'x' } });
});
