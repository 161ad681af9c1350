// The time zone in which a device's times are shown: its site's, or the viewer's until the list has come.

import { devices } from './devices.svelte';

export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function zoneOf(device: number): string {
  devices.want();
  return devices.items.find((one) => one.id === device)?.site.time_zone ?? viewerZone;
}
