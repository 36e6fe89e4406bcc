import {Box} from 'ink';
import type {AccountRow} from '../../view/account/account-row.ts';
import {useAppearance} from '../appearance.tsx';
import type {Tier} from '../layout.ts';
import {Panel, panelInside} from '../panel.tsx';
import {accountChartLines, accountChartTitle} from '../panels/account/account-chart.ts';
import {accountDetailLines, accountDetailTitle} from '../panels/account/account-detail.ts';

type Props = {
	readonly row: AccountRow;
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
};

const leastChartRows = 6;
const usualChartRows = 14;

/** All about one bucket: the last hour of requests and quota tokens, then every figure in words. */
export function AccountDetailView({row, ...props}: Props) {
	const {width, height, tier} = props;
	const lines = accountDetailLines(row, panelInside(width, height, tier).width);
	const wanted = height - lines.length - 2;
	const chartHeight = wanted >= leastChartRows ? Math.min(usualChartRows, wanted) : 0;
	const isBeside = tier === 'wide';
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0}>
			{chartHeight === 0 ? null : (
				<Box width={width} height={chartHeight}>
					{(isBeside ? (['requests', 'quotaTokens'] as const) : (['quotaTokens'] as const)).map(
						(kind, index, kinds) => (
							<ChartView
								key={kind}
								row={row}
								kind={kind}
								tier={tier}
								width={
									index === kinds.length - 1
										? width - Math.floor(width / kinds.length) * index
										: Math.floor(width / kinds.length)
								}
								height={chartHeight}
							/>
						),
					)}
				</Box>
			)}
			<Panel {...props} height={height - chartHeight} title={accountDetailTitle(row)} lines={lines} />
		</Box>
	);
}

function ChartView({row, kind, ...props}: Props & {readonly kind: 'requests' | 'quotaTokens'}) {
	const {width, height, tier} = props;
	const {isAscii} = useAppearance();
	const inside = panelInside(width, height, tier, true);
	const lines = accountChartLines(row.bucket, kind, {...inside, isAscii});
	return <Panel {...props} title={accountChartTitle(row.bucket, kind)} lines={lines} isTitled={true} />;
}
