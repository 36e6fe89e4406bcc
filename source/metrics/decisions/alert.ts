/** Alerts on the account's use, as `--alert` defines them. */

export const alertFigures = ['requests', 'tokens', 'day'] as const;
export type AlertFigure = (typeof alertFigures)[number];

export const alertOperators = ['<=', '>=', '==', '!=', '<', '>'] as const;

export type Alert = {
	/** As typed. */
	readonly text: string;
	readonly figure: AlertFigure;
	readonly operator: (typeof alertOperators)[number];
	/** Percent. */
	readonly bound: number;
};
