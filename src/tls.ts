/** The security protocol `/tls/1.0.0` alone. */
export { tls } from './transports/tls/tls.js';
