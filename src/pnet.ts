/** Private networks: their key files, for the option `psk` of `createHost`. */
export { pskFingerprint } from './protocols/pnet/fingerprint.js';
export { pskFile, pskFrom } from './protocols/pnet/psk-codec.js';
