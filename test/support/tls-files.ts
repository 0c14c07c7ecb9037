import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomId } from '../../src/base/ids.ts';
import { type CertifiedKey, createAuthority, createLeaf } from '../../src/certificates/certificate.ts';

const HOUR_MS = 3_600_000;

/** An authority of a test, whose certificates go into files. */
export interface TlsFilesAuthority {
  readonly authority: CertifiedKey;
  /** Writes ca.crt, tls.crt and tls.key for a new certificate under this name, as `tls.directory` wants them. */
  write(directory: string, name: string, options?: { readonly uid?: number }): Promise<void>;
}

/** Makes an authority that is good for a day. */
export async function createTlsFilesAuthority(): Promise<TlsFilesAuthority> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + 24 * HOUR_MS) };
  const authority = await createAuthority(`Stowage test ${randomId(8)}`, validity);
  return {
    authority,
    async write(directory, name, { uid = 0 } = {}) {
      const leaf = await createLeaf({ authority, dnsNames: [name], validity });
      await mkdir(directory, { recursive: true });
      const files = { 'ca.crt': authority.certificate, 'tls.crt': leaf.certificate, 'tls.key': leaf.key };
      for (const [file, text] of Object.entries(files)) {
        const path = join(directory, file);
        await writeFile(path, text);
        await chmod(path, 0o600);
        await chown(path, uid, uid);
      }
    },
  };
}
