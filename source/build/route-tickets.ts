import {createRandom, type Random, shuffled} from '../domain/clock.ts';

/**
 * The tickets of the preset `route`, written for it: what customers of a maker of till systems (card readers, scanners,
 * printers and the program that goes with them) ask for. `npm run docs` writes them; the same seed gives the same file.
 */

export const routeLabels = [
	'billing',
	'access',
	'bug',
	'howto',
	'feature',
	'delivery',
	'returns',
	'cancel',
] as const;
type RouteLabel = (typeof routeLabels)[number];

/** Sentences of a label, one a line; `{name}` stands for one of the words below. */
type Phrases = {
	/** What the ticket is about. */
	readonly cores: string;
	/** What a second sentence adds. */
	readonly details: string;
	/** How it ends. */
	readonly ends: string;
};

const phrases: Readonly<Record<RouteLabel, Phrases>> = {
	billing: {
		cores: `
The invoice of {month} lists {n} licences, but we have had only {few} since the spring
My card was charged {amount} twice on the {day} of {month}
We moved our company to {city}, and the invoice still has the tax rate of the old country
The discount of {n} percent that {person} promised us was not taken off the last invoice
Your bank debit of {amount} bounced because our account number has changed
I need a receipt for the payment of {amount} that we made in {month}
The yearly price on your page is lower than the {amount} that you debited
We were charged a late fee of {amount} although we paid the invoice on time
Can the invoice be made out to our parent company in {city} from {month} on
Our purchase order number {ref} is missing on the invoice, and our accountants send it back
The transaction fees for {month} come to {amount}, which is more than our contract says
I would like to pay by bank transfer and no longer by credit card
A payment of {amount} from you is on our statement, and nobody knows what it is for
Please send the invoices of the whole year to our new accountant {person}
The currency of our invoice changed from euros to dollars in {month}`,
		details: `
The sum on the statement is {amount}
Our finance team needs this before the {day}
It is the second month in a row in which the amount is wrong
The reference on the document is {ref}
We pay for the shops in {city} and {town} together
{person} from your sales team confirmed it in writing
I attach the page with the amount marked`,
		ends: `
Please correct the amount and send a new document
Can you explain how this amount came about?
I would like the difference back on our card
Who in your accounts team can look at it?`,
	},
	access: {
		cores: `
I cannot log in since {weekday}, it says that my password is wrong
The code for my second factor never arrives on my phone
{person} left the company and was the only owner of our login
My sign-in is locked after {few} failed attempts
I never got the email with which I could reset my password
Our cashiers share one login, and since {weekday} it throws all of them out
The link to set a new password says that it has expired
I lost the phone with my authenticator and have no recovery codes
{person} sees an empty page after sign-in because her role has no rights
Single sign-on through our own directory refuses everybody from the shop in {town}
My email address has changed, and I cannot sign in with the new one
Somebody signed in to our workspace from {city}, and it was none of us
I am logged out every {few} minutes on the tablet at the till
Our administrator {person} has lost the rights to invite other users
The PIN of cashier {n} is not accepted at the till any more`,
		details: `
The user name is {ref}
I tried it on two browsers and on my phone
The shop in {town} opens at seven and nobody can get in
We are {n} people and all of us are locked out
My colleague {person} can still get in
Nobody else in our company is an administrator
It worked until {weekday} evening`,
		ends: `
Please unlock my user
Can you let us back in today?
How do I prove that I am the owner?
Please give the rights to {person}`,
	},
	bug: {
		cores: `
The app closes by itself when I scan the {n}th article of a sale
Since the update of {weekday} the daily report shows zero for the shop in {town}
The card reader freezes on the screen with the tip and needs a restart
Error {code} appears as soon as I open the list of articles
The stock of an article goes down by two for each one that we sell
Printing a receipt takes {n} seconds since the last update
The total of the till is wrong by one cent when there are {few} discounts
Search finds no article with an accent in its name and crashes the second time
The export of {month} stops at row {n}00 with error {code}
Our web shop shows articles as sold out that are on the shelf, the sync has been broken since {weekday}
In dark mode the numbers on the pay screen cannot be seen
The scanner reads each bar code twice since version {few}.{n}
The chart of sales jumps back by a day when the clock changes
Opening the till offline ends with a white screen on every tablet
The tax on takeaway food is computed with the wrong rate after the update to version {few}.{n}`,
		details: `
It happens on all {few} tablets in the shop
A restart helps for about {n} minutes
The log says {code} each time
Version {few}.{n} did not do this
I can make it happen again every time
It began on {weekday} after the update
The shop in {city} sees the same`,
		ends: `
Is this known, and when will it be repaired?
I can send you the log if that helps
Please have your engineers look at it
Is there a way around it until then?`,
	},
	howto: {
		cores: `
How do I set up a second till for our shop in {town}
Where can I see which cashier sold the most in {month}
How can I print the logo of our shop on the receipts
Is there a guide that explains how to import {n}00 articles from a spreadsheet
How do I connect the scanner to the tablet with a cable
What do I have to do to sell gift cards with the program
Where do I enter the opening hours of the shop in {city}
Can you explain the difference between a category and a group of articles
How do I train {few} new cashiers without touching our real figures
Which button closes the till at the end of the day
How can I change the order of the articles on the pay screen
Where is the setting that rounds totals to five cents
How do I add a second language to our receipts
What is the right way to count the stock at the end of {month}
How do I give a table of guests separate bills in the restaurant mode`,
		details: `
I looked through the settings and did not find it
The manual on your page describes an older version
We use {few} tablets and one printer
{person} is new here and asked me
It is for the market on {weekday}
We begin with it on the {day} of {month}
I am not good with computers, so small steps help me`,
		ends: `
A short description of the steps would be enough
Is there a video about it?
Can you point me to the right page of the manual?
Could somebody show me on the phone?`,
	},
	feature: {
		cores: `
It would be great if the app could send receipts by text message
We miss a view that compares this {weekday} with the one a year ago
Could you add a way to sell by weight with our own scale
I wish the pay screen had a mode for left-handed cashiers
Do you plan a connection to our bookkeeping program in {city}
A customer card with {n} stamps would be a wonderful addition
My suggestion: let the till remind us when an article falls below {few} pieces
Please think about a version for larger screens, our shop in {town} has one
We would love to have reports that come by email every {weekday}
An idea for the next version: colours for the groups of articles
Could a later version allow tips to be shared between {few} waiters
It would help us if one could undo the last {few} sales at once
We would like to see a public interface for our own web page
Have you ever considered a till that works with voice for the kitchen
I propose a button that puts a sale aside while the next guest pays`,
		details: `
Two other shops in {town} would use it too
The program that we had before could do it
It would save us {n} minutes a day
Nothing in the settings does this today
{person} from our team would gladly test it
For us it would be worth a higher price
We talked about it with our neighbours in {city}`,
		ends: `
Is something like this on your list?
I would be happy to tell you more about it
Please pass it on to the people who plan the product
May we vote for it somewhere?`,
	},
	delivery: {
		cores: `
The parcel with our {few} card readers should have arrived on {weekday} and did not
Tracking of order {ref} has stood still in {city} since {weekday}
The courier left our parcel at a shop in {town} that does not exist
Please send order {ref} to our new address in {town}, it has not left yet
When will the receipt printer that we ordered in {month} be shipped
Only one of the two boxes of order {ref} arrived today
Nobody was here when the courier came, can the parcel come again on {weekday}?
The customs office in {city} holds our parcel and wants a paper from you
We ordered {few} scanners and the shipment has only the cables in it
Can you ship order {ref} by express so that it is here before the {day}
The tracking page says delivered, but no parcel is at our door in {town}
The box was open and wet when the courier handed it over
Our order {ref} has been in preparation for {n} days now
Is it possible to collect the cash drawer at your depot in {city} and not wait for the courier
The shipment went to the old warehouse in {town} and somebody there signed for it`,
		details: `
The number of the shipment is {ref}
The new shop in {city} opens on the {day}
I called the courier, and they sent me to you
{person} at our front desk is here from nine to five
We have waited for {n} days
The label has the wrong street on it
It was promised for {weekday} at the latest`,
		ends: `
Where is it now?
Please ask the courier and let me know
When can we count on it?
Please send the missing part at once`,
	},
	returns: {
		cores: `
I want to send back the {few} tablet stands, they do not fit our tables
The display of the reader that we bought in {month} has a crack, and we dropped it nowhere
We ordered the wrong printer and would like to exchange it for the one with a cable
The battery of the scanner lasts {n} minutes, is that a case for the warranty?
How long may I keep the cash drawer before I can no longer return it
Please send me a label so that I can return the goods of order {ref}
The replacement reader that you sent us is defective as well
I sent back the scale on the {day} of {month} and have not heard from you since
The drawer does not open and smells of burnt plastic, I want another one
We bought {few} stands too many and have not opened the boxes
The reader is scratched and was clearly used before, we will not keep it
The warranty of the printer ended on the {day}, it broke the day after
May I return a scanner that I bought from your dealer in {town}
I would like to swap the white reader for a black one
The power supply of the printer hums loudly and gets hot, please replace it`,
		details: `
The serial number is {ref}
It is {n} days old and still has its film on
The box and all parts are here
{person} at the shop in {town} can hand it to the courier
I have photos of the damage
We do not want to keep it in any case
The goods are worth {amount}`,
		ends: `
Do you pay for the way back?
Please tell me how the exchange works
I would take a replacement or my money back
Where do I send it to?`,
	},
	cancel: {
		cores: `
We close our shop in {town} at the end of {month} and want to end the contract
Please cancel our subscription before it renews on the {day}
I would like to step down from the large plan to the small one
We pause for the winter, can the contract rest from {month} on?
I gave notice in {month} and you have renewed the contract all the same
What is the notice period of our plan, we think of leaving
We change to another supplier and cancel all {few} contracts
My trial ends on {weekday} and I do not want it to go on
Please confirm that our contract {ref} ends on the {day} of {month}
We sold the business to {person}, who will not take over the contract
I end my subscription because the program is more than our kiosk needs
Can we leave the contract early if we pay until {month}
Delete everything you have stored about us, we have left you in {month}
We give up {few} of our {n} licences from the {day} on
I have pressed cancel in the app and it still says that the plan renews`,
		details: `
Our customer number is {ref}
The contract began {few} years ago
The owner {person} has signed the letter
We were content, it is only that we are too small
Another program does what we need
I sent the letter on {weekday} by post
We have no use for it after the {day}`,
		ends: `
Please confirm it in writing
What is the last day on which we can use it?
Which steps are left for me to do?
I ask for a short answer with the date`,
	},
};

/** First sentences, which say nothing about the label; most tickets have none. */
const openings = `
Hello
Hello, this is {person} from {town}
Good morning
Hi there
Dear team
I write for our bakery in {town}
Greetings from {city}
We run {few} shops in and around {city}
Sorry to trouble you on a {weekday}
I am a customer of yours since {month} last year
This is {person}, I look after the tills of a chain in {city}
Second message, nobody has answered the first of {weekday}`;

const words: Readonly<Record<string, readonly string[]>> = {
	month: 'January|February|March|April|May|June|July|August|September|October|November|December'.split('|'),
	weekday: 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday'.split('|'),
	city: 'Lisbon|Leipzig|Porto|Ghent|Turin|Lyon|Malmö|Cork|Graz|Bilbao|Gdansk|Utrecht|Tampere|Bergen|Zagreb|Tartu'.split(
		'|',
	),
	town: 'Hallen|Brookfield|Santa Rita|Old Quay|Westmere|Kirkby|Lindau|Vico|Marsh End|Aldea|Norrby|Petit Pont'.split(
		'|',
	),
	person:
		'Ana Costa|Jon Berg|Mira Novak|Luis Vega|Ines Roth|Tom Healy|Sana Malik|Petra Lund|Omar Haddad|Yuki Mori|Eva Klein|Paul Adeyemi|Rosa Conti|Nils Dahl'.split(
			'|',
		),
	few: 'two|three|four|five|six|seven'.split('|'),
};

const between = (random: Random, low: number, high: number): number =>
	low + Math.floor(random() * (high - low + 1));

const upTo = (random: Random, letters: string): string =>
	letters.charAt(Math.floor(random() * letters.length));

const wordFor = (name: string, random: Random): string => {
	switch (name) {
		case 'n':
			return String(between(random, 11, 48));
		case 'day':
			return `${between(random, 4, 20)}th`;
		case 'amount':
			return `${between(random, 24, 980)}.${between(random, 0, 9)}0 ${random() < 0.7 ? 'euros' : 'dollars'}`;
		case 'ref':
			return `${upTo(random, 'ABCDEFGHKLMNPRSTUVWX')}${upTo(random, 'ABCDEFGHKLMNPRSTUVWX')}-${between(random, 10_000, 99_999)}`;
		case 'code':
			return `${upTo(random, 'EFKTX')}${between(random, 100, 899)}`;
		default: {
			const choices = words[name] ?? [];
			return choices[Math.floor(random() * choices.length)] ?? '';
		}
	}
};

const fill = (text: string, random: Random): string =>
	text.replace(/{(\w+)}/g, (_whole, name: string) => wordFor(name, random));

const linesOf = (text: string): readonly string[] => text.trim().split('\n');

const closed = (sentence: string): string => {
	if (/[.?!]$/.test(sentence)) {
		return sentence;
	}
	return /^(?:how|where|what|which|when|can|could|is there|is it|do you|have you|may)\b/i.test(sentence)
		? `${sentence}?`
		: `${sentence}.`;
};

/** Endless turns through all lines, each turn in another order: no line is used much more than another. */
const turnsThrough = (text: string, random: Random): (() => string) => {
	const lines = linesOf(text);
	let left: string[] = [];
	return () => {
		left = left.length === 0 ? shuffled(lines, random) : left;
		return left.pop() ?? '';
	};
};

const ticketsOf = (label: RouteLabel, count: number, random: Random): readonly string[] => {
	const {cores, details, ends} = phrases[label];
	const [core, detail, end, opening] = [cores, details, ends, openings].map((text) =>
		turnsThrough(text, random),
	) as [() => string, () => string, () => string, () => string];
	return Array.from({length: count}, () => {
		const said = [
			...(random() < 0.45 ? [opening()] : []),
			core(),
			detail(),
			...(random() < 0.75 ? [end()] : []),
		];
		return said.map((sentence) => closed(fill(sentence, random))).join(' ');
	});
};

const quoted = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A seed for which all tickets differ. */
const routeSeed = 12;
export const ticketCount = 600;

/** The file of tickets, a CSV with the columns `text` and `label`. */
export function routeTickets(seed = routeSeed): string {
	const random = createRandom(seed);
	const perLabel = ticketCount / routeLabels.length;
	const rows = routeLabels.flatMap((label) =>
		ticketsOf(label, perLabel, random).map((text) => `${quoted(text)},${label}`),
	);
	return `${['text,label', ...shuffled(rows, random)].join('\n')}\n`;
}
