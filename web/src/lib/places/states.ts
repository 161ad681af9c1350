// States of nodes: their figures, and the order of the tiles.

import type { NodeState } from '../api/types';
import type { Figure } from '../words/outcome';

export const NODE_FIGURE: Record<NodeState, Figure> = {
  abnormal: 'ns', 'no-connection': 'link', 'driver-fault': 'drv', late: 'late', normal: 'ok', disabled: 'off',
};

export const NODE_STATES: readonly NodeState[] = ['abnormal', 'no-connection', 'driver-fault', 'late', 'normal', 'disabled'];

export const nodeState = (text: string | null): NodeState | null => NODE_STATES.find((state) => state === text) ?? null;
