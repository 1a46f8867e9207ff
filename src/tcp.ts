export { tcp } from './transports/tcp.js';
export type { TcpOptions } from './transports/tcp.js';
