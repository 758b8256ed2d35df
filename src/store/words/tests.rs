//! The index as a whole: against a naive one, in any order of changes, and with bytes that are none of ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use rusqlite::{Connection, params};

use super::builder::{exact_term, forms};
use super::tokens::{Role, each, fold};
use super::*;
use crate::store::fuse::Candidate;
use crate::store::sqlite::schema;
use crate::store::sqlite::words::Rows;

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::prepare(&mut connection).unwrap();
    connection
}

fn chunk(text: &str) -> Chunk {
    Chunk { ordinal: 0, heading_path: vec!["Birds".into()], text: text.into(), kind: ChunkKind::Text, anchor: None }
}

fn add(changes: &mut Changes, id: i64, text: &str) {
    let chunk = chunk(text);
    changes.add(id, id % 3, Language::ENGLISH, "Waders", &chunk, &chunk.words());
}

fn index(texts: &BTreeMap<i64, String>) -> Connection {
    let connection = database();
    let mut changes = Changes::default();
    texts.iter().for_each(|(id, text)| add(&mut changes, *id, text));
    changes.write(&Rows::of(&connection).unwrap()).unwrap();
    connection
}

fn filter(limit: usize) -> Filter<'static> {
    Filter { wanted: Wanted::Text, source: None, among: None, distinct_pages: false, limit }
}

fn ask(connection: &Connection, question: &str, filter: Filter<'_>) -> Vec<Candidate> {
    search(&Rows::of(connection).unwrap(), &Asked::parse(question), filter).unwrap()
}

fn found(connection: &Connection, question: &str) -> BTreeSet<i64> {
    ask(connection, question, filter(1_000)).iter().map(|candidate| candidate.chunk).collect()
}

#[test]
fn words_are_found_in_their_forms_and_the_asked_one_comes_first() {
    let texts = ["the herons are running", "a heron runs", "storks", "die Häuser", "use asyncio.TaskGroup here", "東京タワーへ", "x => y"];
    let connection = index(&(1..).zip(texts.map(str::to_owned)).collect());
    let first = |question: &str| ask(&connection, question, filter(10)).first().map(|candidate| candidate.chunk);
    assert_eq!(found(&connection, "heron running"), BTreeSet::from([1, 2]));
    assert_eq!((first("herons"), first("runs")), (Some(1), Some(2)));
    assert_eq!(first("task group"), Some(5));
    assert_eq!(first("asyncio.taskgroup"), Some(5));
    assert_eq!(first("東京"), Some(6));
    assert_eq!(first("京"), Some(6), "a character by itself stands in its pairs");
    assert_eq!(first("what does => do"), Some(7));
    assert_eq!(first("HAUSER"), Some(4));
    assert_eq!(first("nothing"), None);
}

#[test]
fn a_word_is_found_as_others_write_it() {
    let texts = ["encoded as UTF-8", "plain utf8 text", "כדי להפעיל את השרת", "لحذف الملفات استخدم الأمر", "I/O errors", "multithreaded"];
    let connection = index(&(1..).zip(texts.map(str::to_owned)).collect());
    for (question, chunks) in [
        ("utf8", &[1, 2][..]),
        ("UTF-8", &[1, 2]),
        ("שרת", &[3]),
        ("בשרת", &[]),
        ("ملفات", &[4]),
        ("الملفات", &[4]),
        ("io", &[5]),
        ("multi-threaded", &[6]),
        ("utf9", &[]),
    ] {
        assert_eq!(found(&connection, question), chunks.iter().copied().collect(), "{question}");
        assert_eq!(corrected(&Rows::of(&connection).unwrap(), question, Wanted::Text).unwrap(), None, "{question}");
    }
    // As it is asked for it stands first.
    let first = |question: &str| ask(&connection, question, filter(10))[0].chunk;
    assert_eq!((first("utf8"), first("utf-8")), (2, 1));
}

#[test]
fn a_name_is_found_by_its_beginning_and_in_other_conventions() {
    let texts = ["setsockopt of a socket", "use --condition here", "imp.cache_from_source", "npm run-script", "getMessage(id)", "vacuum"];
    let connection = index(&(1..).zip(texts.map(str::to_owned)).collect());
    for (question, chunks) in [
        ("setsock", &[1][..]),
        ("--condi", &[2]),
        ("cache-from-source", &[3]),
        ("CacheFromSource", &[3]),
        ("run_script", &[4]),
        ("get_message", &[5]),
        // What stands there is meant, and nothing else that begins so; of three letters too much does.
        ("socket", &[1]),
        ("vacu", &[6]),
        ("vac", &[]),
        ("unicorn", &[]),
    ] {
        assert_eq!(found(&connection, question), chunks.iter().copied().collect(), "{question}");
    }
    // A beginning is half of a word.
    let share = |question: &str| ask(&connection, question, filter(10)).iter().find(|of| of.chunk == 1).map(|of| of.found);
    assert!(share("setsock vacuum") < share("setsockopt vacuum"));
}

#[test]
fn a_word_is_found_by_the_words_that_it_is_made_of() {
    let texts =
        ["Regeln für den Paketfilter", "der Paketfilter und seine Regeln", "Freigabe von Dateien", "die Datei und ihre Freigabe", "Wasser"];
    let of = |language: &str| {
        let (connection, mut changes) = (database(), Changes::default());
        for (id, text) in (1..).zip(texts) {
            let chunk = chunk(text);
            changes.add(id, 0, Language::of_page(Some(language), ""), "Vögel", &chunk, &chunk.words());
        }
        changes.write(&Rows::of(&connection).unwrap()).unwrap();
        connection
    };
    let (german, english) = (of("de"), of("en"));
    for (question, chunks) in [
        ("Paketfilterregeln", &[1, 2][..]),
        ("Dateifreigabe", &[3, 4]),
        ("Dateienfreigabe", &[3, 4]),
        // Of these one part alone stands there, or what is left is too short.
        ("Paketfilterwunder", &[]),
        ("Wasserfilter", &[]),
        ("Regelnab", &[]),
    ] {
        assert_eq!(found(&german, question), chunks.iter().copied().collect(), "{question}");
        assert!(found(&english, question).is_empty(), "{question}: words are written apart");
    }
}

#[test]
fn a_name_and_its_number_are_one_word_or_two() {
    let texts = [
        "an HTTP 404 is sent",
        "raise Http404 in a view",
        "HTTP/404 is what a server sends for it",
        "404 birds and no HTTP",
        "HTTP 500",
        "Python 3.11",
        "on python3.11",
        "Python 3",
        "404",
    ];
    let connection = index(&(1..).zip(texts.map(str::to_owned)).collect());
    let ranked = |question: &str| ask(&connection, question, filter(10)).iter().map(|of| of.chunk).collect::<Vec<_>>();
    for question in ["http404", "Http404", "HTTP404"] {
        assert_eq!(found(&connection, question), BTreeSet::from([1, 2, 3, 4]), "{question}: where in a passage words stand is not known");
        assert_eq!(ranked(question)[..1], [2], "{question}: as it is asked for it stands first");
    }
    assert!(found(&connection, "http 404").is_superset(&BTreeSet::from([1, 2, 3, 4])));
    let score = |question: &str, chunk: i64| ask(&connection, question, filter(10)).iter().find(|of| of.chunk == chunk).map(|of| of.score);
    assert!(score("http 404", 2) > score("http 404", 5) && score("http 404", 2) > score("http 404", 9), "it has both");
    assert!(score("http 404", 1) > score("http 404", 2));
    assert!(score("python 3.11", 7) > score("python 3.11", 8) && score("python 3.11", 6) > score("python 3.11", 7));
    for question in ["http405", "httpx404", "http 405", "kettle404"] {
        assert!(!found(&connection, question).contains(&2), "{question}");
    }
    assert!(found(&connection, "http405").is_empty());
    assert!(!found(&connection, "ml-http404").contains(&1), "a part of a name");
    // What the word is worth is not changed by others that have both of its halves.
    let share = |question: &str, chunk: i64| ask(&connection, question, filter(10)).iter().find(|of| of.chunk == chunk).map(|of| of.found);
    assert_eq!((share("http404", 2), share("http404", 1)), (Some(1.0), Some(1.0)));
    let alone = index(&BTreeMap::from([(1, "an HTTP 404 is sent".into()), (2, "raise Http404 in a view".into()), (3, "heron".into())]));
    let many = index(&(1..).zip(["raise Http404 in a view", "HTTP 404", "404 HTTP", "HTTP and 404"].map(str::to_owned)).collect());
    let ratio = |connection: &Connection, question: &str, chunk: i64, other: i64| {
        let ranking = ask(connection, question, filter(10));
        let score = |of: i64| ranking.iter().find(|candidate| candidate.chunk == of).unwrap().score;
        score(other) / score(chunk)
    };
    assert!(ratio(&alone, "http404", 2, 1) < 0.6 && ratio(&many, "http404", 1, 2) < 0.6);
}

/// What is not found that should be: each where the other is asked for, and where both stand, what is asked for behind the other.
fn missed(language: &str, one: &str, other: &str) -> Vec<String> {
    let of = |texts: &[&str]| {
        let (connection, mut changes) = (database(), Changes::default());
        for (id, text) in (1..).zip(texts) {
            let chunk = chunk(text);
            changes.add(id, 0, Language::of_page(Some(language), ""), "", &chunk, &chunk.words());
        }
        changes.write(&Rows::of(&connection).unwrap()).unwrap();
        connection
    };
    let mut missed = Vec::new();
    for (asked, there) in [(one, other), (other, one)] {
        let alone = of(&[there]);
        if found(&alone, asked).is_empty() {
            missed.push(format!("{language}: {asked} for {there}"));
        }
        if let Some(corrected) = corrected(&Rows::of(&alone).unwrap(), asked, Wanted::Text).unwrap() {
            missed.push(format!("{language}: {asked} is there, not {corrected}"));
        }
        let ranking = ask(&of(&[there, asked]), asked, filter(10));
        let score = |chunk: i64| ranking.iter().find(|of| of.chunk == chunk).map(|of| of.score);
        // A text of fewer words is before another.
        let count = |text: &str| text.split([' ', '\'', '’']).count();
        let is_as_long = count(asked) == count(there);
        if score(1).is_none() || is_as_long && score(2) < score(1) {
            missed.push(format!("{language}: {asked} before {there}: {ranking:?}"));
        }
    }
    missed
}

#[test]
fn letters_are_typed_for_others() {
    let mut all_missed = Vec::new();
    for (language, pairs) in [
        (
            "fa",
            &[
                ("می\u{200c}خواهم", "میخواهم"),
                ("می\u{200c}خواهم", "می خواهم"),
                ("میخواهم", "می خواهم"),
                ("نمی\u{200c}شود", "نمی شود"),
                ("کتاب\u{200c}ها", "کتاب ها"),
                ("کتابی", "كتابي"),
                ("ایمیل", "ايميل"),
                ("می خواهم", "مي\u{200c}خواهم"),
                ("شماره ۱۲۳", "شماره 123"),
            ][..],
        ),
        (
            "ar",
            &[
                ("كِتَابٌ", "كتاب"),
                ("كتـــاب", "كتاب"),
                ("مكتبة", "مكتبه"),
                ("إعدادات", "اعدادات"),
                ("أحمد", "احمد"),
                ("آلة", "الة"),
                ("مستشفى", "مستشفي"),
                ("كلمة", "کلمة"),
            ],
        ),
        ("he", &[("שָׁלוֹם", "שלום"), ("הגדרות", "הַגְדָּרוֹת")]),
        (
            "hi",
            &[
                ("फ\u{93c}ाइल", "फाइल"),
                ("\u{95e}ाइल", "फ\u{93c}ाइल"),
                ("\u{958}लम", "कलम"),
                ("सड\u{93c}क", "सडक"),
                ("ज\u{93c}रूरत", "जरूरत"),
                ("हिन्दी", "हिंदी"),
                ("वहाँ", "वहां"),
                ("पृष्ठ ५", "पृष्ठ 5"),
            ],
        ),
        ("uk", &[("ґрунт", "грунт"), ("об'єкт", "об\u{2bc}єкт"), ("комп’ютер", "комп\u{2bc}ютер"), ("Київ", "КИЇВ")]),
        ("ru", &[("ёлка", "елка"), ("ещё", "еще"), ("счётчиков", "счетчиков")]),
        ("tr", &[("kapı", "kapi"), ("İstanbul", "istanbul"), ("İSTANBUL", "istanbul"), ("dosyası", "dosyasi"), ("ışıklar", "isiklar")]),
        ("vi", &[("cài đặt", "cai dat"), ("người dùng", "nguoi dung"), ("Đường dẫn", "đường dẫn"), ("tie\u{302}\u{301}ng", "tiếng")]),
        ("el", &[("αρχείο", "αρχειο"), ("λόγος", "ΛΟΓΟΣ"), ("φακέλους", "ΦΑΚΕΛΟΥΣ"), ("ρυθμίσεις", "ρυθμισεισ")]),
        ("de", &[("Straße", "Strasse"), ("ändern", "aendern"), ("ändern", "andern"), ("Größe", "Groesse"), ("Übersicht", "Uebersicht")]),
        ("sv", &[("ändra", "andra"), ("återställ", "aterstall"), ("återställa", "aaterstaella")]),
        ("da", &[("Århus", "Aarhus"), ("smørrebrød", "smoerrebroed"), ("æbler", "aebler")]),
        ("no", &[("blåbær", "blaabaer"), ("brødskive", "brodskive")]),
        ("zh", &[("软件", "軟件"), ("数据库", "數據庫"), ("台湾", "臺灣"), ("台灣", "台湾"), ("删除文件夹", "刪除文件夾"), ("键", "鍵")]),
        ("ja", &[("ﾌｧｲﾙ", "ファイル")]),
    ] {
        all_missed.extend(pairs.iter().flat_map(|(one, other)| missed(language, one, other)));
    }
    assert_eq!(all_missed, [""; 0]);
    // Others stay what they are.
    let connection = index(&(1..).zip(["ґород", "blu", "دان", "後"].map(str::to_owned)).collect());
    for question in ["город", "blue", "میدان", "前"] {
        assert_eq!(found(&connection, question), BTreeSet::new(), "{question}");
    }
}

#[test]
fn what_is_typed_with_other_letters_comes_behind() {
    for [asked, other] in
        [["کتابی", "كتابي"], ["फ\u{93c}ाइल", "फाइल"], ["грунт", "ґрунт"], ["软件", "軟件"], ["刪除", "删除"], ["ändern", "aendern"]]
    {
        let connection = index(&BTreeMap::from([(1, other.into()), (2, asked.into()), (3, "heron".into())]));
        let ranking: Vec<i64> = ask(&connection, asked, filter(10)).iter().map(|of| of.chunk).collect();
        let expected = if asked == "грунт" { vec![2] } else { vec![2, 1] };
        assert_eq!(ranking, expected, "{asked}");
    }
}

/// A question of as many words as are looked up costs a bounded number of look-ups.
#[test]
fn many_words_are_not_typed_otherwise_without_end() {
    let connection = index(&BTreeMap::from([(1, "heron".into())]));
    let question: String = (0..2_000_u32).map(|at| char::from_u32(0x4e00 + at).unwrap()).collect();
    assert!(found(&connection, &question).is_empty());
    let languages = [Language::ENGLISH];
    let of_index = search::counted(&Asked::parse(&question), &languages).unwrap();
    assert!(of_index <= 64 * 2 + 2 * 100, "{of_index}");
    let names: String = (0..60).map(|at| format!("kettle{at} ")).collect();
    assert!(found(&connection, &names).is_empty());
}

/// Korean writes particles at words: who asks has others than the text. Words of several syllables are found by those within them.
#[test]
fn korean_is_found_with_other_particles() {
    let texts: BTreeMap<i64, String> = (1..).zip(KOREAN.iter().map(|[text, ..]| (*text).to_owned())).collect();
    let connection = index(&texts);
    for (id, [_, words, question]) in (1..).zip(KOREAN) {
        for asked in [words, question] {
            assert_eq!(ask(&connection, asked, filter(10)).first().map(|of| of.chunk), Some(id), "{asked}");
        }
    }
}

#[test]
fn a_korean_noun_of_one_syllable_is_found_with_other_particles() {
    for (asked, there) in [
        ("키를", "키는 저장소 밖에 둔다"),
        ("값이", "값은 따옴표 안에 적는다"),
        ("앱에서", "앱을 닫으면 저장된다"),
        ("웹에", "웹의 주소"),
        ("줄을", "줄이 길면 나눈다"),
        ("창을", "창 크기는 바꿀 수 있다"),
        ("탭으로", "탭 사이를 오간다"),
        ("폼을", "폼 제출"),
        ("홈에", "홈 폴더가 기본이다"),
        ("맵을", "맵은 순서가 없다"),
        ("큐의", "큐 크기를 정한다"),
        ("락을", "락 없이 읽는다"),
        ("값을", "빈 값."),
        ("표의", "표 머리글"),
        ("행까지", "행이 지워진다"),
    ] {
        let connection = index(&BTreeMap::from([(1, there.to_owned()), (2, "서울".to_owned()), (3, format!("{asked} 본다"))]));
        let ranking: Vec<i64> = ask(&connection, asked, filter(10)).iter().map(|of| of.chunk).collect();
        // What may as well be a word of two syllables is looked for as a noun where it stands nowhere.
        let is_doubtful = ["값이", "큐의", "표의"].contains(&asked);
        assert_eq!(ranking, if is_doubtful { vec![3] } else { vec![3, 1] }, "{asked}");
        let alone = index(&BTreeMap::from([(1, there.to_owned()), (2, "서울".to_owned())]));
        assert_eq!(found(&alone, asked), BTreeSet::from([1]), "{asked}");
    }
    let connection = index(&(1..).zip(["환경을 정한다", "경로를 정한다", "서울"].map(str::to_owned)).collect());
    assert_eq!(found(&connection, "경로"), BTreeSet::from([2]));
}

/// A passage, some of its words in other forms, and a question.
const KOREAN: [[&str; 3]; 26] = [
    ["컨테이너 삭제는 중지된 뒤에 가능하다. 실행 중이면 먼저 멈춘다.", "컨테이너를 삭제", "컨테이너를 삭제하려면 어떻게 하나요?"],
    ["이미지의 용량이 크면 여러 단계로 빌드하여 줄인다.", "이미지 용량을 줄이기", "이미지가 너무 큰데 용량을 줄이는 방법은?"],
    ["비밀번호가 만료되면 관리자에게 재설정을 요청한다.", "비밀번호를 재설정", "비밀번호를 잊었는데 재설정은 어떻게 하나요?"],
    ["로그는 매일 밤 압축되고 삼십 일이 지나면 지워진다.", "로그를 압축", "로그를 며칠 동안 보관하나요? 압축도 되나요?"],
    ["방화벽에서 포트를 열면 외부 접속이 허용된다.", "방화벽의 포트", "외부에서 접속하려면 방화벽을 어떻게 설정하나요?"],
    ["백업은 증분 방식으로 만들고 일요일에만 전체를 복사한다.", "증분 백업을", "백업을 전체로 복사하는 요일은 언제인가요?"],
    ["인증서의 갱신은 자동이며 만료 이 주 전에 시작된다.", "인증서를 갱신", "인증서가 만료되기 전에 갱신하려면?"],
    ["데이터베이스 연결이 끊기면 풀에서 다시 시도한다.", "데이터베이스에 연결을", "데이터베이스로 연결하는 것이 자꾸 실패합니다"],
    ["색인이 없으면 질의는 표 전체를 읽는다.", "색인을 질의에", "질의가 느린데 색인을 만들어야 하나요?"],
    ["스레드는 메모리를 함께 쓰고 프로세스는 따로 쓴다.", "스레드와 프로세스의", "프로세스와 스레드의 차이는 무엇인가요?"],
    ["환경 변수로 설정 파일의 경로를 바꿀 수 있다.", "환경 변수를 경로에", "설정 파일을 다른 경로에서 읽게 하려면?"],
    ["가상 머신의 스냅샷은 디스크의 상태를 저장한다.", "스냅샷을 저장", "가상 머신에서 스냅샷을 만드는 방법을 알려 주세요"],
    ["사용자 계정은 그룹에 속하고 권한은 그룹이 정한다.", "사용자를 그룹에", "사용자에게 권한을 주려면 어떻게 해야 하나요?"],
    ["캐시가 가득 차면 오래된 항목부터 버린다.", "캐시를 항목으로", "캐시에서 항목은 어떤 순서로 버려지나요?"],
    ["배포는 푸른 서버와 초록 서버를 바꾸어 중단 없이 한다.", "중단 없는 배포를", "서비스를 중단하지 않고 배포하려면?"],
    ["메시지는 대기열에 쌓이고 소비자가 하나씩 가져간다.", "대기열의 메시지를", "대기열에서 메시지를 가져가는 것은 누구인가요?"],
    ["압축 파일을 풀면 같은 이름의 폴더가 생긴다.", "압축 파일의 폴더를", "압축을 풀 때 폴더는 어디에 생기나요?"],
    ["글꼴이 없으면 화면에 네모가 보인다.", "글꼴을 화면에", "화면에서 글자가 네모로 보이는 이유는?"],
    ["프린터 드라이버의 설치에는 관리자 권한이 든다.", "프린터에 드라이버를", "프린터를 설치하려면 드라이버가 필요한가요?"],
    ["네트워크가 느리면 대역폭을 측정하는 도구를 쓴다.", "네트워크의 대역폭", "네트워크에서 대역폭은 어떻게 측정하나요?"],
    ["커밋을 되돌리려면 반대되는 변경을 새로 만든다.", "커밋의 변경을", "이미 올린 커밋은 어떻게 되돌리나요?"],
    ["브랜치의 병합에서 충돌이 나면 손으로 고친다.", "브랜치를 병합", "브랜치를 병합하다가 충돌이 생기면?"],
    ["시간대가 다르면 예약된 작업이 엉뚱한 때에 돈다.", "예약된 작업을 시간대로", "작업을 예약했는데 시간대는 어디서 바꾸나요?"],
    ["암호화 키는 저장소 밖에 두고 해마다 바꾼다.", "암호화된 키를", "저장소를 암호화하는 키는 얼마나 자주 바꾸나요?"],
    ["화면 낭독기는 단추의 이름을 소리로 읽는다.", "단추를 낭독기로", "낭독기가 단추를 읽지 못하는데 어떻게 하나요?"],
    ["업데이트에 실패하면 이전 판으로 돌아간다.", "업데이트를 실패", "업데이트를 하다가 실패했는데 이전으로 가려면?"],
];

/// Pairs of letters that only join words outvoted those that are the words.
#[test]
fn pairs_of_endings_and_particles_say_less_than_those_of_words() {
    let pages = ["ファイルを公開する", "ホストを他の人に向けてをしたがらする", "你们和我们都是的", "删除文件"];
    let connection = index(&(1..).zip(pages.map(str::to_owned)).collect());
    let score = |question: &str, chunk: i64| ask(&connection, question, filter(10)).iter().find(|of| of.chunk == chunk).map(|of| of.score);
    let ratio = |plain: &str, of: i64, ending: &str, its: i64| score(ending, its).unwrap() / score(plain, of).unwrap();
    assert!(ratio("公開", 1, "する", 2) < 0.6, "both pairs stand in one page or two");
    assert!(ratio("删除", 4, "都是", 3) < 0.8);
}

#[test]
fn marks_are_typed_or_not() {
    let english = ["résumé", "protégé", "Poincaré", "cliché", "façade", "naïve", "œuvre", "Ølstykke", "Łódź", "Đakovo"];
    let typed = ["resumes", "protege", "poincare", "cliches", "facade", "naive", "oeuvres", "olstykke", "lodz", "dakovo"];
    let french = ["préfèrent", "les élèves", "Noël"];
    let typed_french = ["preferent", "eleves", "noel"];
    let connection = database();
    let mut changes = Changes::default();
    let texts: Vec<(&str, &str, Language)> = (english.iter().zip(typed).map(|(page, typed)| (*page, typed, Language::ENGLISH)))
        .chain(french.iter().zip(typed_french).map(|(page, typed)| (*page, typed, Language::of_page(Some("fr"), ""))))
        .collect();
    for (id, (page, _, language)) in (1..).zip(&texts) {
        let chunk = chunk(page);
        changes.add(id, 0, *language, "Waders", &chunk, &chunk.words());
    }
    changes.write(&Rows::of(&connection).unwrap()).unwrap();
    for (id, (page, typed, _)) in (1..).zip(&texts) {
        assert_eq!(found(&connection, typed), BTreeSet::from([id]), "{typed} for {page}");
        assert_eq!(found(&connection, page), BTreeSet::from([id]), "{page}");
        assert_eq!(corrected(&Rows::of(&connection).unwrap(), typed, Wanted::Text).unwrap(), None, "{typed} is there");
    }
    // And the other way round.
    let bare = index(&(1..).zip(typed.map(str::to_owned)).collect());
    for (id, page) in (1..).zip(english) {
        assert_eq!(found(&bare, page), BTreeSet::from([id]), "{page}");
    }
}

#[test]
fn the_share_of_the_words_that_are_found_is_told() {
    let connection = index(&BTreeMap::from([(1, "heron stork".into()), (2, "heron".into()), (3, "crane task group".into())]));
    let share = |question: &str, chunk| {
        let ranking = ask(&connection, question, filter(10));
        ranking.iter().find(|candidate| candidate.chunk == chunk).unwrap().found
    };
    assert_eq!(share("heron stork", 1), 1.0);
    assert!((0.1..0.5).contains(&share("heron stork", 2)), "the rare word is not there");
    assert!(share("heron unicorn", 2) < 0.5);
    assert_eq!(share("herons heron", 2), 1.0, "one word in two forms");
    // As one or apart: its words are there.
    assert_eq!(share("task_group", 3), 1.0);
}

#[test]
fn filters_hold() {
    let texts = (1..200).map(|id| (id, format!("heron number{id}"))).collect();
    let connection = index(&texts);
    let of = |source, among: Option<&Among>| -> Vec<i64> {
        let ranking = ask(&connection, "heron", Filter { source, among, ..filter(1_000) });
        ranking.iter().map(|candidate| candidate.chunk).collect()
    };
    assert_eq!(of(Some(1), None), (1..200).filter(|id| id % 3 == 1).collect::<Vec<_>>());
    let among = Among::of(vec![4, 5, 6, 150, 999, -7]);
    assert_eq!(of(None, Some(&among)), [4, 5, 6, 150]);
    assert_eq!(of(Some(1), Some(&among)), [4]);
    assert_eq!(of(Some(9), None), [0; 0]);
    assert_eq!(of(None, Some(&Among::default())), [0; 0]);
}

#[test]
fn many_pages_are_few_segments() {
    let connection = database();
    for id in 0..700 {
        let mut changes = Changes::default();
        add(&mut changes, id, &format!("heron {id}"));
        changes.write(&Rows::of(&connection).unwrap()).unwrap();
    }
    let count = Rows::of(&connection).unwrap().segments(0).unwrap().len();
    assert!(count <= 7 * 4, "{count}");
    assert_eq!(ask(&connection, "heron", filter(1_000)).len(), 700);
    // What is gone is forgotten when it is a large part.
    let mut changes = Changes::default();
    (0..690).for_each(|id| changes.remove(id));
    changes.write(&Rows::of(&connection).unwrap()).unwrap();
    assert_eq!(found(&connection, "heron"), (690..700).collect());
    let bytes: i64 = connection.query_row("SELECT sum(length(data)) FROM word_blocks", [], |row| row.get(0)).unwrap();
    assert!(bytes < 2_000, "{bytes}");
}

#[test]
fn a_word_may_stand_in_more_chunks_than_a_block_holds() {
    let connection = index(&(1..9_000).map(|id| (id, "heron".into())).collect());
    assert_eq!(ask(&connection, "heron", filter(10_000)).len(), 8_999);
    let among = Among::of(vec![1, 5_000, 8_999]);
    assert_eq!(ask(&connection, "heron", Filter { among: Some(&among), ..filter(10) }).len(), 3);
}

#[test]
fn misspelt_words_have_neighbours() {
    let texts = [
        "regular expressions",
        "a regular expression",
        "regularly grouped",
        "group by",
        "vacuum the vacuum",
        "configured",
        "it raises what was raised while raising",
        "rebalancing",
        "its date",
    ];
    let connection = index(&(1..).zip(texts.map(str::to_owned)).collect());
    let near = |word: &str| similar(&Rows::of(&connection).unwrap(), word, Wanted::Text).unwrap();
    assert_eq!(near("regluar"), ["regular"]);
    assert_eq!(near("gruop"), ["group"]);
    assert_eq!(near("vacum"), ["vacuum"]);
    assert_eq!(near("avcuum"), ["vacuum"]);
    assert_eq!(near("expresion")[0], "expression");
    // A stem is no word.
    assert_eq!(near("confgured"), ["configured"]);
    assert!(near("unicorn").is_empty() && near("ab").is_empty() && near("x1x1").is_empty());
    assert!(similar(&Rows::of(&connection).unwrap(), "gruop", Wanted::Code).unwrap().is_empty());

    let corrected = |question: &str| corrected(&Rows::of(&connection).unwrap(), question, Wanted::Text).unwrap();
    assert_eq!(corrected("How do I Vacum the gruop?").as_deref(), Some("How do I vacuum the group?"));
    // Another form of the word, which has another stem.
    assert_eq!(corrected("rebalance").as_deref(), Some("rebalancing"));
    assert_eq!(corrected("the datei").as_deref(), Some("the date"));
    assert_eq!(corrected("Wie lösche ich eine Datei?"), None, "nothing is written in that language");
    for question in ["Rails", "vacuum a group", "configure", "vacum_all", "vacum()", "confgurde", "unicorn", "x.vacum", "vacu", "", "東京"]
    {
        assert_eq!(corrected(question), None, "{question}: it is there, is a name, or nothing is near");
    }
}

/// A word of a question. A form is one term or two, of which a chunk has as many as of the one that it has less often.
#[derive(Debug, Default)]
struct NaiveWord {
    share: f32,
    plain: Vec<Vec<u8>>,
    exact: BTreeSet<Vec<Vec<u8>>>,
    joined: BTreeSet<Vec<Vec<u8>>>,
    apart: Vec<Vec<Vec<u8>>>,
}

impl NaiveWord {
    fn all(&self) -> impl Iterator<Item = &Vec<Vec<u8>>> {
        [&self.plain].into_iter().chain(&self.exact).chain(&self.joined).chain(&self.apart)
    }
}

/// The forms of one word are one, and count as the one that counts most; the word as it is asked for adds a fifth. A name with its number may be
/// two words, at half, and two words one, at nine tenths; of neither is it told what they are worth.
fn naive_words(question: &str) -> Vec<NaiveWord> {
    let (mut words, mut placed): (Vec<NaiveWord>, Vec<(String, usize)>) = Default::default();
    for unit in Asked::parse(question).units() {
        for (text, role) in &unit.tokens {
            let is_stemmed = matches!(role, Role::Word | Role::Part);
            let share = if *role == Role::Part { 0.5 } else { 1.0 };
            let (term, exact) = if is_stemmed { forms(text, Language::ENGLISH) } else { (fold(text).into_owned(), None) };
            let plain = vec![term.into_bytes()];
            let at = words.iter().position(|word| word.plain == plain).unwrap_or_else(|| {
                let two = spelled::named_and_numbered(text).filter(|_| *role == Role::Word);
                let two = two.map(|(name, number)| vec![forms(name, Language::ENGLISH).0.into_bytes(), number.as_bytes().to_vec()]);
                words.push(NaiveWord { plain, apart: two.into_iter().collect(), ..NaiveWord::default() });
                words.len() - 1
            });
            words[at].share = words[at].share.max(share);
            words[at].exact.extend(exact.map(|exact| vec![exact_term(&exact)]));
            placed.push((if *role == Role::Word { text.clone() } else { String::new() }, at));
        }
    }
    for pair in placed.windows(2) {
        let Some(joined) = spelled::together(&pair[0].0, &pair[1].0).map(|word| vec![word.into_bytes()]) else { continue };
        if !words.iter().any(|word| word.plain == joined) {
            for (_, at) in pair {
                words[*at].joined.insert(joined.clone());
            }
        }
    }
    words
}

/// BM25 as it is written in books, over the same tokens. Chunks of a page count three tenths for those before and behind them.
fn naive(texts: &BTreeMap<i64, String>, page: impl Fn(i64) -> Option<i64>, question: &str) -> Vec<(i64, f32)> {
    let terms_of = |text: &str, weight: u32, terms: &mut HashMap<Vec<u8>, u32>| {
        let mut length = 0;
        each(text, &mut |token| {
            length += u32::from(matches!(token.role, Role::Word | Role::Gram | Role::Sign));
            let is_stemmed = matches!(token.role, Role::Word | Role::Part);
            let (term, exact) = if is_stemmed { forms(token.text, Language::ENGLISH) } else { (fold(token.text).into_owned(), None) };
            *terms.entry(term.into_bytes()).or_default() += weight;
            if let Some(exact) = exact {
                *terms.entry(exact_term(&exact)).or_default() += weight;
            }
        });
        length
    };
    let chunks: Vec<(i64, HashMap<Vec<u8>, u32>, u32)> = texts
        .iter()
        .map(|(id, text)| {
            let mut terms = HashMap::new();
            let length = terms_of("Birds", 3, &mut terms) + terms_of("Waders", 2, &mut terms) + terms_of(text, 2, &mut terms);
            (*id, terms, length)
        })
        .collect();
    let average = chunks.iter().map(|(_, _, length)| *length as f32).sum::<f32>() / chunks.len().max(1) as f32;
    let words = naive_words(question);
    let count = |terms: &[Vec<u8>], at: usize| {
        let of = |term| chunks[at].1.get(term).map_or(0.0, |count| (*count).min(255) as f32 / 2.0);
        terms.iter().map(of).fold(f32::INFINITY, f32::min)
    };
    let having = |terms: &[Vec<u8>]| (0..chunks.len()).filter(|at| count(terms, *at) > 0.0).count() as f32;
    let rarity = |having: f32| (1.0 + (chunks.len() as f32 - having + 0.5) / (having + 0.5)).ln();
    let has_any = |at: &usize| words.iter().flat_map(NaiveWord::all).any(|terms| count(terms, *at) > 0.0);
    let length = |at: usize| if has_any(&at) { block::length_of(block::length_code(chunks[at].2)) } else { average.max(1.0) };
    let total = |at: usize| -> f32 {
        let is_beside = |other: &usize| page(chunks[at].0).is_some_and(|of| page(chunks[*other].0) == Some(of));
        let beside = [(0..at).rev().find(is_beside), (at + 1..chunks.len()).find(is_beside)];
        let all = |of: &dyn Fn(usize) -> f32| of(at) + 0.3 * beside.iter().flatten().map(|at| of(*at)).sum::<f32>();
        let score = |terms: &[Vec<u8>], rarity: f32| {
            let count = all(&|at| count(terms, at));
            rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * all(&length) / average.max(1.0)))
        };
        let of_word = |word: &NaiveWord| {
            let otherwise = word.joined.iter().chain(&word.apart);
            let plain = match having(&word.plain) {
                0.0 => rarity(otherwise.clone().map(|terms| having(terms)).sum()),
                plain => rarity(plain),
            };
            let shares = word.joined.iter().map(|terms| (terms, 0.9)).chain(word.apart.iter().map(|terms| (terms, 0.5)));
            let others = shares.map(|(terms, share)| score(terms, share * plain.min(rarity(having(terms)))));
            let best = others.fold(score(&word.plain, plain), f32::max);
            word.share * (best + word.exact.iter().map(|terms| score(terms, 0.2 * rarity(having(terms)))).sum::<f32>())
        };
        words.iter().map(of_word).sum()
    };
    let mut ranking: Vec<(i64, f32)> = (0..chunks.len()).filter(has_any).map(|at| (chunks[at].0, total(at))).collect();
    ranking.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranking
}

fn some_text() -> impl Strategy<Value = String> {
    let words = [
        "heron",
        "herons",
        "stork",
        "storks",
        "run",
        "running",
        "runs",
        "task.group",
        "TaskGroup",
        "asyncio.run",
        "東京タワー",
        "=>",
        "the",
        "E0502",
        "HTTP",
        "404",
        "http404",
        "naïve",
        "--max-pages",
        "Birds",
        "waders",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..25).prop_map(|words| words.join(" "))
}

#[derive(Clone, Debug)]
enum Change {
    Put(Vec<String>),
    /// Chunks by their places among those that are there.
    Remove(Vec<prop::sample::Index>),
    Replace(prop::sample::Index, String),
}

fn some_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => proptest::collection::vec(some_text(), 1..4).prop_map(Change::Put),
        1 => proptest::collection::vec(any::<prop::sample::Index>(), 1..6).prop_map(Change::Remove),
        1 => (any::<prop::sample::Index>(), some_text()).prop_map(|(at, text)| Change::Replace(at, text)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn scores_are_those_of_the_book(texts in proptest::collection::vec(some_text(), 1..30), question in some_text()) {
        let texts: BTreeMap<i64, String> = (1..).zip(texts).collect();
        let connection = index(&texts);
        // Chunks 1, 4, 7 ... are alone, as nothing says what pages they are on; the others stand on two, one chunk between another.
        let page = |chunk: i64| (chunk % 3 != 1).then_some(chunk % 3);
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        for chunk in texts.keys().filter(|chunk| page(**chunk).is_some()) {
            let sql = "INSERT INTO chunks (id, page, kind, ordinal) VALUES (?1, ?2, 0, 0)";
            connection.execute(sql, params![chunk, page(*chunk)]).unwrap();
        }
        let ranking = ask(&connection, &question, filter(100));
        let expected: HashMap<i64, f32> = naive(&texts, page, &question).into_iter().collect();
        prop_assert_eq!(ranking.len(), expected.len());
        prop_assert!(ranking.is_sorted_by(|a, b| a.score >= b.score));
        for candidate in ranking {
            let score = expected[&candidate.chunk];
            prop_assert!((candidate.score - score).abs() <= 1e-3 * score.max(1.0), "{candidate:?}: {score}");
            prop_assert!((0.0..=1.0001).contains(&candidate.found), "{candidate:?}");
        }
    }

    #[test]
    fn any_order_of_changes_ends_in_the_same_index(changes in proptest::collection::vec(some_change(), 1..40), question in some_text()) {
        let connection = database();
        let (mut texts, mut next) = (BTreeMap::new(), 1);
        for change in changes {
            let mut written = Changes::default();
            let there: Vec<i64> = texts.keys().copied().collect();
            match change {
                Change::Put(new) => for text in new {
                    add(&mut written, next, &text);
                    texts.insert(next, text);
                    next += 1;
                },
                Change::Remove(places) if !there.is_empty() => for place in places {
                    let id = *place.get(&there);
                    texts.remove(&id);
                    written.remove(id);
                },
                Change::Replace(place, text) if !there.is_empty() => {
                    let id = *place.get(&there);
                    written.remove(id);
                    add(&mut written, id, &text);
                    texts.insert(id, text);
                }
                _ => {}
            }
            written.write(&Rows::of(&connection).unwrap()).unwrap();
        }
        let fresh = index(&texts);
        prop_assert_eq!(digest(&Rows::of(&connection).unwrap(), 0).unwrap(), digest(&Rows::of(&fresh).unwrap(), 0).unwrap());
        prop_assert_eq!(found(&connection, &question), found(&fresh, &question));
        for source in 0..3 {
            let of = |connection: &Connection| -> BTreeSet<i64> {
                let filter = Filter { source: Some(source), ..filter(1_000) };
                ask(connection, &question, filter).iter().map(|candidate| candidate.chunk).collect()
            };
            prop_assert_eq!(of(&connection), of(&fresh));
        }
    }

    /// Bytes of somebody else, with checksums that are right: what is read of them ends, and is told or found.
    #[test]
    fn no_bytes_lead_astray(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in any::<u16>(), replaced in any::<bool>(), question in some_text()) {
        let texts: BTreeMap<i64, String> = (1..40).map(|id| (id, format!("heron stork{id} running"))).collect();
        let connection = index(&texts);
        let sql = "SELECT id, segment, first, data FROM word_blocks ORDER BY id LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let (id, segment, first, mut data): (i64, i64, Vec<u8>, Vec<u8>) = connection.query_row(sql, [], read).unwrap();
        if replaced {
            data = bytes;
        } else {
            let at = usize::from(at) % data.len();
            data[at] ^= bytes.first().copied().unwrap_or(1);
        }
        let sum = Checksum::default().number(segment).bytes(&first).bytes(&data).sum();
        connection.execute("UPDATE word_blocks SET data = ?2, checksum = ?3 WHERE id = ?1", params![id, data, sum]).unwrap();
        for question in [question.as_str(), "heron running"] {
            for source in [None, Some(1)] {
                let found = search(&Rows::of(&connection).unwrap(), &Asked::parse(question), Filter { source, ..filter(50) });
                prop_assert!(matches!(found, Ok(_) | Err(Failure::Words)), "{found:?}");
            }
        }
        prop_assert!(matches!(digest(&Rows::of(&connection).unwrap(), 0), Ok(_) | Err(Failure::Words)));
        prop_assert!(matches!(similar(&Rows::of(&connection).unwrap(), "herno", Wanted::Text), Ok(_) | Err(Failure::Words)));
        let mut changes = Changes::default();
        (1..20).for_each(|id| changes.remove(id));
        prop_assert!(matches!(changes.write(&Rows::of(&connection).unwrap()), Ok(()) | Err(Failure::Words)));
    }
}

#[test]
fn a_changed_byte_is_told() {
    for (table, column) in [("word_blocks", "data"), ("word_blocks", "segment"), ("word_segments", "chunks"), ("word_gone", "bits")] {
        let connection = index(&(1..40).map(|id| (id, format!("heron {id}"))).collect());
        let mut changes = Changes::default();
        changes.remove(7);
        changes.write(&Rows::of(&connection).unwrap()).unwrap();
        assert_eq!(ask(&connection, "heron", filter(100)).len(), 38);
        let other = if ["data", "bits"].contains(&column) { format!("CAST({column} || x'00' AS BLOB)") } else { format!("{column} + 1") };
        connection.execute(&format!("UPDATE {table} SET {column} = {other}"), []).unwrap();
        let answer = search(&Rows::of(&connection).unwrap(), &Asked::parse("heron"), filter(100));
        // A block of no segment is not seen by a search, but by who compares.
        let is_told = matches!(answer, Err(Failure::Words)) || (column == "segment" && answer.unwrap().is_empty());
        assert!(is_told, "{table}.{column}");
    }
}
