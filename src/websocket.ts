export { webSocket } from './transports/websocket/websocket.js';
export type { WebSocketOptions } from './transports/websocket/websocket.js';
