/** The views of the screen, in the order of `Tab`, with the digit that opens each. */
export const views = [
	{name: 'account', title: 'Account', digit: '1'},
	{name: 'dashboard', title: 'Dashboard', digit: '2'},
	{name: 'variants', title: 'Variants', digit: '3'},
	{name: 'timeline', title: 'Timeline', digit: '4'},
	{name: 'quotas', title: 'Quotas', digit: '5'},
	{name: 'log', title: 'Log', digit: '6'},
] as const;

export type ViewName = (typeof views)[number]['name'];

/** The view `steps` further on, around the end. */
export function viewAfter(name: ViewName, steps: number): ViewName {
	const index = views.findIndex((view) => view.name === name);
	return views.at((index + steps) % views.length)?.name ?? name;
}
