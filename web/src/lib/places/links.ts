// Where something of the tree is looked at.

import type { Hit } from '../api/types';
import { PAGES } from '../pages';

/** A point's archive is a page of its own; without it, that of the device that serves the point. */
export const pointHref = (point: number, device: number | null | undefined): string =>
  'point' in PAGES || !device ? `/points/${point}` : `/devices/${device}`;

export const hitHref = ({ kind, id, node }: Hit): string =>
  kind === 'organisation' || kind === 'site' ? `/sites?at=${kind}:${id}`
    : kind === 'node' ? `/nodes/${id}`
      : kind === 'device' ? `/devices/${id}`
        : 'point' in PAGES ? `/points/${id}` : `/nodes/${node?.id ?? 0}`;

/** Coordinates on maps of others: a link that a person follows, nothing is loaded from there. */
export function mapLinks(latitude: number, longitude: number): { name: 'gis' | 'google' | 'yandex'; href: string }[] {
  const [north, east] = [latitude.toFixed(6), longitude.toFixed(6)];
  return [
    { name: 'gis', href: `https://2gis.ru/geo/${east}%2C${north}?m=${east}%2C${north}%2F17` },
    { name: 'google', href: `https://www.google.com/maps/search/?api=1&query=${north}%2C${east}` },
    { name: 'yandex', href: `https://yandex.ru/maps/?pt=${east},${north}&z=17&l=map` },
  ];
}
