import fc from 'fast-check';
import { ADDRS, play, type Schedule } from '../support/dial-schedule.js';

/** `npm run test:schedules` plays many more, from another seed each time; a failure prints the seed and path to repeat it. */
const { RX_LIBP2P_SCHEDULES: runs, RX_LIBP2P_SEED: seed, RX_LIBP2P_PATH: path } = process.env;
const numRuns = Number(runs ?? 1_000);

const schedules: fc.Arbitrary<Schedule> = fc.record(
  {
    fates: fc.array(fc.nat(255), { minLength: ADDRS, maxLength: ADDRS }),
    steps: fc.array(fc.tuple(fc.nat(15), fc.nat(4_095), fc.nat(4_095)), { minLength: 1, maxLength: 24 }),
  },
  { noNullPrototype: true },
);

it(`[F19, F20, F23] every promise of the dialer holds in ${String(numRuns)} random schedules`, () => {
  fc.assert(
    fc.property(schedules, (schedule) => {
      play(schedule);
    }),
    {
      numRuns,
      ...(seed === undefined ? runs === undefined && { seed: 1 } : { seed: Number(seed) }),
      ...(path !== undefined && { path }),
    },
  );
}, 600_000);

it('the same schedule gives the same events, to the letter', () => {
  fc.assert(
    fc.property(schedules, (schedule) => {
      expect(play(schedule)).toEqual(play(schedule));
    }),
    { numRuns: Math.ceil(numRuns / 10), ...(runs === undefined && { seed: 2 }) },
  );
}, 600_000);

it('the schedules reach every event of a dial, every way in which it ends, and every reason to fail', () => {
  const seen = new Set<string>();
  for (const schedule of fc.sample(schedules, { numRuns: 1_000, seed: 3 }))
    for (const text of play(schedule)) {
      const { type, outcome = '', code = '' } = JSON.parse(text) as Record<string, string>;
      seen.add([type, outcome, code].filter((word) => word !== '').join(' '));
    }
  expect([...seen].sort()).toEqual([
    'dial:attempt',
    'dial:cancel',
    'dial:connect',
    'dial:end cancelled',
    'dial:end connected',
    'dial:end failed ERR_DIAL_FAILED',
    'dial:end failed ERR_NO_ADDRESSES',
    'dial:end failed ERR_TIMEOUT',
    'dial:end reused',
    'dial:fail ERR_DIAL_BACKOFF',
    'dial:fail ERR_TIMEOUT',
    'dial:fail ERR_TRANSPORT',
    'dial:fail ERR_UNHANDLED',
    'dial:plan',
    'dial:progress',
    'dial:start',
  ]);
});
