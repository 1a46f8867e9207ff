/** Where a socket is bound: "everywhere" becomes the addresses of this machine's interfaces, but for IPv6 link-local ones. */
import { networkInterfaces } from 'node:os';

/** fe80::/10 means nothing without its interface. @source RFC 4291, 2.5.6 */
const LINK_LOCAL = /^fe[89ab]/i;

/** Throws where the system does not say what its interfaces are. */
export function boundHosts(host: string): readonly string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const family = host === '::' ? 'IPv6' : 'IPv4';
  return Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .filter((info) => info.family === family && !LINK_LOCAL.test(info.address))
    .map((info) => info.address);
}
