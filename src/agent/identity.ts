import { quote } from '../base/quote.ts';
import { DriverError } from '../domain/errors.ts';
import type { CallMetadata } from '../rpc/service.ts';

/** Who an agent is. */
export interface AgentIdentity {
  readonly nodeName: string;
  /** The kernel's boot id. */
  readonly bootId: string;
}

const NODE = 'stowage-node';
const BOOT = 'stowage-boot';

/** An identity as metadata: whom a caller means, or who answers. Percent-encoded, since metadata is ASCII and names of hosts need not be. */
export function toIdentityMetadata({ nodeName, bootId }: AgentIdentity): Readonly<Record<string, string>> {
  return { [NODE]: encodeURIComponent(nodeName), [BOOT]: encodeURIComponent(bootId) };
}

/** The identity that metadata carries, as far as it does. */
export function readIdentity(
  metadata: CallMetadata,
): Partial<Record<keyof AgentIdentity, string | undefined>> {
  return { nodeName: decode(metadata.find(NODE)), bootId: decode(metadata.find(BOOT)) };
}

/** What was not encoded here is left as it is: it is nobody's name then. */
function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Refuses calls that are meant for another node, or for this node before it was started anew. */
export function requireIdentity(own: AgentIdentity, metadata: CallMetadata): void {
  const { nodeName, bootId } = readIdentity(metadata);
  if (nodeName !== own.nodeName) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `This is the agent of node ${own.nodeName}, and the call was meant for ${toWords(nodeName)}: nothing was done. Check the addresses of the agents.`,
    );
  }
  if (bootId !== own.bootId) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Node ${own.nodeName} was started anew (boot ${own.bootId}), and the call was meant for ${toWords(bootId)}: nothing was done. Call again.`,
    );
  }
}

function toWords(meant: string | undefined): string {
  return meant === undefined || meant === '' ? 'nobody in particular' : quote(meant);
}
