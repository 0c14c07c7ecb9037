/** An asked size. Bytes are safe integers (the edge refuses more than 2^53 - 1). At least one of the two is set. */
export interface CapacityRange {
  readonly requiredBytes: number | undefined;
  readonly limitBytes: number | undefined;
}

/** Whether a size satisfies a range; an absent range is satisfied by every size. */
export function isWithin(capacityBytes: number, range: CapacityRange | undefined): boolean {
  if (range === undefined) return true;
  if (range.requiredBytes !== undefined && capacityBytes < range.requiredBytes) return false;
  return range.limitBytes === undefined || capacityBytes <= range.limitBytes;
}

/** Room for new volumes. Absent bounds are not stated. */
export interface Capacity {
  readonly availableBytes: number;
  readonly maximumVolumeBytes: number | undefined;
  readonly minimumVolumeBytes: number | undefined;
}
