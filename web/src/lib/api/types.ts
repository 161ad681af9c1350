// Shapes of the HTTP API v1: short names for the schemas of its document, which `npm run api` makes types of.
// Instants are RFC 3339 in UTC. What the document leaves open is written out at the end.

import type { components } from './openapi';

type S = components['schemas'];

export type ArchiveInfo = S['ArchiveInfo'];
export type Attention = S['Attention'];
export type BulkOutcomes = S['Outcomes'];
export type Cause = S['CauseShown'];
export type ArchiveRecord = S['Record'];
export type Column = S['Column'];
export type Condition = S['Condition'];
export type Device = S['Device'];
export type Done = S['Done'];
export type DeviceEvent = S['Event'];
export type DeviceState = S['DeviceState'];
export type Driver = S['Driver'];
export type DriverStatistics = S['Statistics'];
export type FieldFault = S['FieldFault'];
export type Gap = S['Gap'];
export type GapReason = Gap['reason'];
export type Health = S['Health'];
export type Hit = S['Hit'];
export type Job = S['Job'];
export type Live = S['LiveSession'];
export type LiveLagged = S['LiveLagged'];
export type LiveSnapshot = S['LiveSnapshot'];
export type LogLine = S['LogLine'];
export type Named = S['Named'];
export type MapSite = S['MapSite'];
export type NodeRow = S['NodeRow'];
export type NodeState = S['NodeState'];
export type Order = S['OrderWord'];
export type Outcome = S['Outcome'];
export type Phase = S['Phase'];
export type Problem = S['Problem'];
export type Quality = S['Mark']['quality'];
export type ReadNow = S['ReadNow'];
export type Reason = SessionBrief['reason'];
export type RecordsAdded = S['LiveRecords'];
export type RecordsPage = S['RecordsPage'];
export type SearchFound = S['SearchFound'];
export type Session = S['Session'];
export type SessionBrief = S['SessionBrief'];
export type Settings = S['Settings'];
export type Shadow = S['Shadow'];
export type SiteMap = S['SiteMap'];
export type Situation = S['SituationShown'];
export type Stake = S['StakeShown'];
export type StateCounts = S['Counts'];
export type TakenIn = S['TakenIn'];
export type Text = S['Text'];
export type Trace = S['Trace'];
export type TraceEntry = S['TraceEntry'];
export type Tree = S['Tree'];
export type TreeItem = S['TreeItem'];
export type VendorKey = S['Key'];
export type Version = S['Version'];
export type VersionWork = S['VersionWork'];
/** Flags come as `0x1f`; null is "the meter has none". */
export type Value = S['CellValue'] | null;

/** One page of a list; `next` is null on the last. */
export type Page<T> = Omit<S['Page_Device'], 'items'> & { items: T[] };

/** The vocabulary of the drivers' contract, served as it is. */
export interface Vocabulary {
  quantities: Record<string, Text & { symbol: string }>;
  units: Record<string, Text>;
  pipes: Record<string, Text>;
  categories: Record<string, Text>;
}
