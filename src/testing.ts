/** The door for tests: networks in virtual time. */
export { seededRandom } from './testing/seeded-random.js';
export { simulateDial } from './testing/simulate-dial.js';
export type {
  SimulatedAddr,
  SimulatedDial,
  SimulatedDialNetwork,
  SimulatedName,
} from './testing/simulate-dial.js';
export { simulateNetwork } from './testing/simulate-network.js';
export type { Delivery, SimulatedNetwork } from './testing/simulate-network.js';
export type { Link } from './testing/link.js';
export { transportSuite } from './testing/suites/transport-suite.js';
export type { TransportSuiteOptions } from './testing/suites/transport-options.js';
export type { SuiteRunner } from './testing/suites/runner.js';
