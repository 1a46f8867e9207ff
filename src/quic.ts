export { quic } from './transports/quic/quic.js';
export type { QuicOptions } from './transports/quic/quic.js';
