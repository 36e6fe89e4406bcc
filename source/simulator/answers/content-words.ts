/** Words that carry no content, of any prompt. */
const stopWords = new Set(
	(
		'about above after again all also although always among and another answer any anything are around ask asked away back ' +
		'based because been before being below best better between both but call can cannot category check clear clearly come ' +
		'could cover covers describe detailed did does doing done down each either else end enough ever every everything ' +
		'explain few first following for form from get give given goes going good great had has have having headings help here ' +
		'him his how however human into issue its itself just keep kind know last least less let like likely list little long ' +
		'look made make makes many may maybe might more most much must need needs never next not nothing now off often once ' +
		'one only onto other others our out over own part per perhaps please point points prompt put question quite rather ' +
		'reply request respond response said same say says see seem sentence sentences several shall she short should show ' +
		'since some something still structure such summarise summarize summary sure take tell text than thank thanks that the ' +
		'their them then there these they thing things think this thorough those though three through thus times too topic ' +
		'toward two under until upon use used using very want was way ways well were what when where whether which while who ' +
		'whole whom whose why will with within without word words would write yes yet you your yours assistant user system ' +
		'brief briefly concise directly style step steps task json keys fields present result detail details reasons relevance careful expert'
	).split(' '),
);

const fallbackWords = ['result', 'example', 'question', 'cause', 'effect', 'purpose', 'context', 'outcome'];

/** By their endings, words that rarely stand where a noun does. */
const isNoun = (word: string): boolean =>
	!(word.endsWith('ed') || word.endsWith('ing') || word.endsWith('ly'));

const wordPattern = /\p{L}[\p{L}-]{3,}/gu;

/** Longest text that is searched for words; the rest of a long document adds nothing to an answer of a page. */
const searchedLength = 20_000;

/** What a text is about: its content words in lower case, the frequent ones first. Never empty. */
export const contentWords = (text: string): readonly string[] => {
	const counts = new Map<string, number>();
	for (const word of text.slice(0, searchedLength).match(wordPattern) ?? []) {
		const key = word.toLowerCase();
		if (!stopWords.has(key) && isNoun(key)) {
			counts.set(key, (counts.get(key) ?? 0) + 1);
		}
	}
	const words = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
	return words.length < 4 ? [...words, ...fallbackWords] : words.slice(0, 60);
};
