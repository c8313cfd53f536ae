/**
 * The name of a shipment says what it is, so that a listing alone tells which is the newest, and which snapshots they
 * speak of: `shipments/<time>_<site>_<sync>_<snapshot>.gz`. None of its parts can hold an underscore.
 */
import type { ShipmentName } from '../volume-ports.ts';

export const shipmentFolder = 'shipments/';
const pattern = /^shipments\/(\d{17})_([A-Za-z0-9-]+)_([a-z0-9-]+)_([0-9a-f]{64})\.gz$/;
const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/;

export function shipmentName({ takenAt, site, sync, snapshot }: Omit<ShipmentName, 'shipment'>): string {
  const time = new Date(takenAt).toISOString().replaceAll(/\D/g, '');
  return `${shipmentFolder}${time}_${site}_${sync}_${snapshot}.gz`;
}

/** Undefined for what is no shipment. */
export function readShipmentName(name: string): ShipmentName | undefined {
  const [, time = '', site, sync, snapshot] = pattern.exec(name) ?? [];
  if (site === undefined || sync === undefined || snapshot === undefined) return undefined;
  const takenAt = time.replace(digits, '$1-$2-$3T$4:$5:$6.$7Z');
  return { shipment: name, takenAt, site, sync, snapshot };
}
