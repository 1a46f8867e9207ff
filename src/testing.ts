/** The door for tests: networks in virtual time. */
export { seededRandom } from './testing/seeded-random.js';
export { simulateNetwork } from './testing/simulate-network.js';
export type { Link, SimulatedNetwork } from './testing/simulate-network.js';
