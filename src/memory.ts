export { createMemoryNetwork, memory } from './transports/memory.js';
export type { MemoryNetwork, MemoryOptions } from './transports/memory.js';
