import * as z from 'zod';
import { toOneLine } from '../base/one-line.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { DriverError } from '../domain/errors.ts';
import type { Kind } from './kinds.ts';
import { SECRETS } from './kinds.ts';

/** What a request does, as rules of access name it. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** What a request is about. */
export interface ApiTarget {
  readonly verb: Verb;
  readonly kind: Kind;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** How the API refused. */
export type ApiFailure =
  /** It does not know who asks. */
  | 'unauthorized'
  /** It knows, and the rules of access, a quota or an admission plug-in say no. */
  | 'forbidden'
  /** It was looked up, and is not there. */
  | 'absent'
  /** The API does not have this kind at all: whether such objects were ever there is not known. */
  | 'unknown-kind'
  | 'already-exists'
  /** Somebody else changed it since it was read. */
  | 'conflict'
  /** It is too long ago: list again. */
  | 'expired'
  /** The request is wrong. */
  | 'invalid'
  /** It cannot be reached, or cannot answer now: later it may. */
  | 'unavailable';

const CODES: Readonly<Record<ApiFailure, ErrorCode>> = {
  unauthorized: 'PERMISSION_DENIED',
  forbidden: 'PERMISSION_DENIED',
  absent: 'PRECONDITION_FAILED',
  'unknown-kind': 'PRECONDITION_FAILED',
  'already-exists': 'OPERATION_PENDING',
  conflict: 'OPERATION_PENDING',
  expired: 'OPERATION_PENDING',
  invalid: 'INTERNAL',
  unavailable: 'CLUSTER_UNAVAILABLE',
};

/** The one error of this layer. It never holds credentials or what an object holds. */
export class KubernetesError extends DriverError {
  readonly failure: ApiFailure;
  /** How long the API asks to be left alone; undefined when it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    failure: ApiFailure,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly status?: number;
      readonly retryAfterMs?: number | undefined;
    } = {},
  ) {
    super(CODES[failure], message, { cause: options.cause, details: { failure, status: options.status } });
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Whether an error says that the API refused in this way. */
export function isFailure(error: unknown, failure: ApiFailure): error is KubernetesError {
  return error instanceof KubernetesError && error.failure === failure;
}

/** What the API answers with when it refuses (metav1.Status). */
const Status = z.object({
  kind: z.literal('Status'),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});
type Status = z.infer<typeof Status>;

const MAX_MESSAGE = 300;

/** The error for an answer that is not a success. `retryAfter` is the header of that name, in seconds. */
export function toApiError(
  target: ApiTarget,
  answer: { readonly status: number; readonly body: string; readonly retryAfter?: string | undefined },
): KubernetesError {
  const status = parseStatus(answer.body);
  const failure = classify(answer.status, status);
  const seconds = Number(answer.retryAfter ?? status?.details?.retryAfterSeconds ?? Number.NaN);
  return new KubernetesError(failure, describe(target, failure, { code: answer.status, status }), {
    status: answer.status,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
  });
}

/** The error for a request that got no answer. Its cause stays in the log: a system error, or one of TLS. */
export function toUnreachable(target: ApiTarget, error: unknown): KubernetesError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
  return new KubernetesError(
    'unavailable',
    `Cannot ${toWords(target)}: the Kubernetes API cannot be reached (${code}). It is tried again.`,
    { cause: error },
  );
}

/** The error for a request whose answer takes too long. */
export function toTooSlow(target: ApiTarget, deadlineMs: number): KubernetesError {
  return new KubernetesError(
    'unavailable',
    `Cannot ${toWords(target)}: the Kubernetes API did not answer within ${deadlineMs / 1000} s. It is tried again.`,
  );
}

/** `get secrets stowage-ca in namespace storage` */
export function toWords({ verb, kind, namespace, name }: ApiTarget): string {
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  return `${verb} ${toResource(kind)}${name === undefined ? '' : ` ${name}`}${where}`;
}

function parseStatus(body: string): Status | undefined {
  try {
    return Status.safeParse(JSON.parse(body)).data;
  } catch {
    // Proxies, and paths that the API does not know, answer with a text of their own.
    return undefined;
  }
}

/** Failures that a status has whatever the reason; those of 404 and 409 have one. */
const FAILURES: Readonly<Record<number, ApiFailure>> = {
  401: 'unauthorized',
  403: 'forbidden',
  410: 'expired',
  429: 'unavailable',
};

function classify(code: number, status: Status | undefined): ApiFailure {
  const failure = FAILURES[code];
  if (failure !== undefined) return failure;
  if (code === 404) return status?.reason === 'NotFound' ? 'absent' : 'unknown-kind';
  if (code === 409) return status?.reason === 'AlreadyExists' ? 'already-exists' : 'conflict';
  // What is neither a success nor a refusal, a redirection for instance, comes from something between us and the API.
  return code >= 400 && code < 500 ? 'invalid' : 'unavailable';
}

function describe(
  target: ApiTarget,
  failure: ApiFailure,
  { code, status }: { readonly code: number; readonly status: Status | undefined },
): string {
  const resource = toResource(target.kind);
  const said = quoteMessage(target, failure, status);
  const sentences: Readonly<Record<ApiFailure, string>> = {
    unauthorized:
      'the Kubernetes API does not take our credentials. Look whether the service account still exists and its token is mounted.',
    forbidden: `forbidden${said}. If it is a matter of RBAC, let the service account ${target.verb} ${resource} (docs/reference/rbac.md).`,
    absent: 'it does not exist.',
    'unknown-kind': `the Kubernetes API has no ${resource}${isOurs(target.kind) ? '; install its CRD from charts/stowage/crds' : ''}.`,
    'already-exists': 'one of that name exists already.',
    conflict: 'somebody else changed it in the meantime. It is tried again.',
    expired: 'the Kubernetes API no longer has what changed since. It has to be listed again.',
    invalid: `the Kubernetes API takes the request for wrong (${code}${said}).`,
    unavailable: `the Kubernetes API cannot answer now (${code}${said}). It is tried again.`,
  };
  return `Cannot ${toWords(target)}: ${sentences[failure]}`;
}

/** `pools.stowage.dev`, `secrets` */
function toResource(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

function isOurs(kind: Kind): boolean {
  return kind.group === 'stowage.dev';
}

/** What the API said; not about Secrets that it takes for wrong, since it repeats what is wrong with them. */
function quoteMessage(target: ApiTarget, failure: ApiFailure, status: Status | undefined): string {
  if (status?.message === undefined || (target.kind === SECRETS && failure !== 'forbidden')) return '';
  return `, ${toOneLine(status.message, MAX_MESSAGE)}`;
}
