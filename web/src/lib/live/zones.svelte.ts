// The time zone in which a device's times are shown: its site's, or the viewer's until the list has come.

import { devices } from './devices.svelte';

export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The page that asks has `devices.want()` called. */
export const zoneOf = (device: number): string => devices.items.find((one) => one.id === device)?.site.time_zone ?? viewerZone;
