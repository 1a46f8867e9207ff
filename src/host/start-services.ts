/** The services of a host: identify and ping, and what its maker adds, replaces or removes. */
import { asError, Libp2pError } from '../core/errors.js';
import { VERSION } from '../core/version.js';
import { defaultServices } from '../services/default-services.js';
import type { ServiceDeps } from '../services/deps.js';
import type { HostOptions, ServiceMap } from './contract.js';
import type { SwarmHost } from './host.js';

const USER_AGENT = `rx-libp2p/${VERSION}`;
/** @source go-libp2p identify */
const PROTOCOL_VERSION = 'ipfs/0.1.0';

export function startServices(
  host: SwarmHost,
  { services, userAgent = USER_AGENT, protocolVersion = PROTOCOL_VERSION }: HostOptions<ServiceMap>,
  context: Pick<ServiceDeps, 'scheduler' | 'random' | 'privateKey' | 'log' | 'wallClock' | 'peerStore'>,
): void {
  const { working, ...inside } = host.inside;
  const deps = { ...context, ...inside, self: host.peerId, userAgent, protocolVersion };
  const standard: ServiceMap = defaultServices(deps, working);
  const { scheduler, random } = context;
  for (const [name, service] of Object.entries({ ...standard, ...services }))
    if (service !== false) host.services[name] = made(name, () => service({ host, scheduler, random }));
}

/** A service that cannot be made is the host's failure, and says whose it was. @source OPT-38 */
function made<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    const cause = asError(thrown);
    const message = `createHost: services.${name} could not be made: ${cause.message}`;
    throw new Libp2pError('ERR_INVALID_OPTION', 'local', message, { cause });
  }
}
