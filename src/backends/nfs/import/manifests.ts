import { stringify } from 'yaml';
import { parseNfsOptions } from '../../../config/nfs-options.ts';
import { parseQuantity } from '../../../config/quantity.ts';
import { isDriverError } from '../../../domain/errors.ts';
import type { VolumeRecord } from '../../../filestore/records.ts';
import type { PersistentVolume } from '../../../k8s/persistent-volume-list.ts';

/** What takes the place of a PersistentVolume. */
export interface ReplacementOptions {
  readonly driver: string;
  readonly pool: string;
  /** Default: that of the PersistentVolume that is replaced. */
  readonly storageClass: string | undefined;
}

/** Mount options that this driver takes, and those that it does not. */
export function splitMountOptions(options: readonly string[]): {
  readonly kept: readonly string[];
  readonly dropped: readonly string[];
} {
  const words = options.flatMap((option) => option.split(','));
  const isKept = (word: string): boolean => {
    try {
      parseNfsOptions([word]);
      return true;
    } catch (error) {
      if (!isDriverError(error, 'INVALID_ARGUMENT')) throw error;
      return false;
    }
  };
  return { kept: words.filter(isKept), dropped: words.filter((word) => !isKept(word)) };
}

/**
 * The PersistentVolume of an imported volume and, if it had one, its claim, as YAML. They name each other, so that nothing else is bound to either. The policy
 * is Retain until somebody decides otherwise.
 */
export function renderManifests(
  old: PersistentVolume,
  record: VolumeRecord,
  options: ReplacementOptions,
): string {
  const { metadata, spec } = old;
  const storageClassName = options.storageClass ?? spec.storageClassName ?? '';
  const { kept } = splitMountOptions(spec.mountOptions);
  const sizes = toSizes(spec.capacity.storage, record.capacityBytes);
  const { claimRef } = spec;
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: metadata.name,
      // Without it csi-provisioner does not delete the volume, should the policy become Delete.
      annotations: { 'pv.kubernetes.io/provisioned-by': options.driver },
    },
    spec: {
      capacity: { storage: sizes.volume },
      accessModes: spec.accessModes,
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName,
      ...(kept.length === 0 ? {} : { mountOptions: kept }),
      csi: {
        driver: options.driver,
        volumeHandle: record.id,
        volumeAttributes: { pool: options.pool },
      },
      // Without the uid of the claim that is gone: that of the same name gets it.
      ...(claimRef === undefined
        ? {}
        : { claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claimRef } }),
    },
  };
  if (claimRef === undefined) return `---\n${stringify(volume)}`;
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: claimRef.namespace, name: claimRef.name },
    spec: {
      accessModes: spec.accessModes,
      storageClassName,
      volumeName: metadata.name,
      resources: { requests: { storage: sizes.claim } },
    },
  };
  return `---\n${stringify(volume)}---\n${stringify(claim)}`;
}

/** As they were written before where that is still so: a claim may ask for less than it gets, and whoever keeps manifests of claims keeps theirs. */
function toSizes(
  before: string | undefined,
  capacityBytes: number,
): { readonly volume: string; readonly claim: string } {
  const bytes = String(capacityBytes);
  const beforeBytes = before === undefined ? undefined : parseQuantity(before);
  if (before === undefined || beforeBytes === undefined) return { volume: bytes, claim: bytes };
  return {
    volume: beforeBytes === capacityBytes ? before : bytes,
    claim: beforeBytes <= capacityBytes ? before : bytes,
  };
}
