export { noise } from './protocols/noise/noise.js';
export type { NoiseOptions } from './protocols/noise/noise.js';
