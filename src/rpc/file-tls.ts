import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { isErrno } from '../base/errno.ts';
import { Listeners } from '../base/listeners.ts';
import { isPair, isSignedBy, readCertificate, readCertificates, readDnsNames } from '../certificates/read.ts';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import type { TlsMaterial, TlsSource } from './tls.ts';

/** How often the files are looked at. Reading is cheap, and a watch would miss what a mounted Secret does. */
const LOOK_MS = 10_000;

/** What the files are watched with. */
export interface FileTlsOptions {
  /** With ca.crt, tls.crt and tls.key, as a Secret of type kubernetes.io/tls is mounted. */
  readonly directory: string;
  /** DNS name that the certificate has to be for: by any other one, the far side lets nobody in. */
  readonly ownName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Material from files. Closing it ends the watch. */
export interface FileTls extends TlsSource {
  close(): Promise<void>;
}

/**
 * Reads the files, and takes them up anew within ten seconds of a change, but never half of one: what does not fit together is left until it does, and what
 * is another program's, with the material before still in use. Throws PRECONDITION_FAILED when there is nothing usable to begin with.
 */
export async function createFileTls(options: FileTlsOptions): Promise<FileTls> {
  const { directory, ownName, clock, logger } = options;
  let current = await readMaterial(directory, ownName);
  const listeners = new Listeners();
  const stop = new AbortController();
  const trouble = new Trouble(logger);

  const look = async (): Promise<void> => {
    let material: TlsMaterial;
    try {
      material = await readMaterial(directory, ownName);
    } catch (error) {
      trouble.note('Certificates cannot be taken up anew; those before are kept', error, { directory });
      return;
    }
    trouble.end('The certificates can be used again');
    if (isSame(material, current)) return;
    current = material;
    logger.info('Certificates were taken up anew', { directory });
    listeners.tell();
  };
  const watch = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(LOOK_MS, stop.signal);
      await look();
    }
  };
  const watching = watch().catch((error: unknown) => {
    if (!stop.signal.aborted)
      logger.error('Certificates are not watched any more', { directory, err: error });
  });

  return {
    current: () => current,
    onChange: (listener) => listeners.add(listener),
    async close() {
      stop.abort(new Error('The certificates are not needed any more.'));
      await watching;
    },
  };
}

/** How often files are looked for that are not there yet. */
const WAIT_MS = 1_000;

/**
 * As {@link createFileTls}, but waits without end for files that are not there, and tells the trouble so; in Kubernetes they come later than the program.
 * What is there and wrong at the first look is refused as there; what comes later and is wrong is waited for. Throws the signal's reason.
 */
export async function waitForFileTls(
  { trouble, ...options }: FileTlsOptions & { readonly trouble: Trouble },
  signal: AbortSignal,
): Promise<FileTls> {
  const { directory, clock } = options;
  for (;;) {
    try {
      const tls = await createFileTls(options);
      trouble.end('The certificates are there', { directory });
      return tls;
    } catch (error) {
      const isMissing = error instanceof DriverError && isErrno(error.cause, 'ENOENT');
      if (!isMissing && trouble.sentence === undefined) throw error;
      trouble.note('Controllers cannot be let in yet', isMissing ? toMissing(directory, error) : error, {
        directory,
      });
    }
    await clock.sleep(WAIT_MS, signal);
  }
}

function toMissing(directory: string, cause: DriverError): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `There are no certificates in ${directory} yet (ca.crt, tls.crt, tls.key), so no controller can reach this node: what is mounted stays, new volumes have to wait. In Kubernetes they come from a Secret, which the first controller makes unless tls.agentSecret names another one, and the kubelet brings them within two minutes: see whether it exists, and what the controllers say at /readyz.`,
    { cause },
  );
}

async function readMaterial(directory: string, ownName: string): Promise<TlsMaterial> {
  const material = {
    ca: await readText(join(directory, 'ca.crt')),
    certificate: await readText(join(directory, 'tls.crt')),
    key: await readText(join(directory, 'tls.key')),
  };
  const objection = findObjection(material, ownName);
  if (objection === undefined) return material;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The certificates in ${directory} cannot be used: ${objection}. Put a certificate authority, a certificate for ${ownName} that it signed, and the key of that there.`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new DriverError(
      'PRECONDITION_FAILED',
      `${path} cannot be read (${why}): it is needed for the way between controllers and nodes.`,
      { cause: error },
    );
  }
}

/** Why the three do not belong together, or to this program. */
function findObjection({ ca, certificate, key }: TlsMaterial, ownName: string): string | undefined {
  try {
    const authorities = readCertificates(ca);
    const chain = readCertificates(certificate);
    const top = chain.at(-1);
    if (authorities.length === 0) return 'ca.crt holds no certificate';
    if (top === undefined) return 'tls.crt holds no certificate';
    if (!isPair({ certificate, key })) return 'tls.key is not the key of tls.crt';
    if (!authorities.some((authority) => isSignedBy(top, authority))) {
      return 'tls.crt is not signed by an authority in ca.crt';
    }
    const own = readCertificate(certificate);
    // As the far side judges it.
    if (own.checkHost(ownName, { subject: 'never', wildcards: false }) !== undefined) return undefined;
    return `tls.crt is for ${readDnsNames(own).join(', ') || 'no name at all'}, and this program has to show one for ${ownName}`;
  } catch (error) {
    return error instanceof Error ? `a certificate cannot be read (${error.message})` : String(error);
  }
}

function isSame(a: TlsMaterial, b: TlsMaterial): boolean {
  return a.ca === b.ca && a.certificate === b.certificate && a.key === b.key;
}
