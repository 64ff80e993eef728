import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = { other: "{count} 個のファイル" };

/** The texts in Japanese. */
export const ja: Texts = {
  page: {
    files,
    from: "送信者: {issuer}",
    worksUntil: "リンクの有効期限: {time}",
    download: "ダウンロード",
    downloadHere: "このページでダウンロード（一時停止・再開可）",
    downloadSelected: "選択したファイルをダウンロード",
    selectHint: "一部のファイルだけをダウンロードするには、選択してください。",
    clearSelection: "選択を解除",
    contents: "内容",
    selectFolder: "フォルダー「{name}」を選択、{files}",
    emptyFolder: "空",
    needsScript:
      "このアーカイブは、一度に送信できる上限の {limit} を超えています。このページで分割してダウンロードできるように、JavaScript を有効にしてください。",
    footer: "ZIP はダウンロード中に作成されます。コピーは保存されません。",
    tryAgain: "再試行",
    support: "ヘルプ",
    requestNew: "新しいリンクを依頼",
  },
  errors: {
    expired: {
      title: "このリンクは有効期限が切れています",
      text: "有効期間が限られていました。リンクを送った方に、新しいリンクを依頼してください。",
    },
    mangled: {
      title: "このリンクは途中で切れているか、壊れています",
      text: "一部が欠けているか、メールソフトなどによって何かが追加されています。届いたメッセージからリンク全体をコピーするか、新しいリンクを依頼してください。",
    },
    unauthorized: {
      title: "このリンクは無効です",
      text: "コピーの際に途中で切れた可能性があります。届いたメッセージからもう一度開くか、新しいリンクを依頼してください。",
    },
    malformed: {
      title: "このリンクには誤りがあります",
      text: "リンクは本物ですが、ファイルの指定が正しくありません。新しいリンクを依頼してください。",
    },
    not_found: {
      title: "これらのファイルはもう利用できません",
      text: "見つからないファイルがあります。リンクを送った方にお問い合わせください。",
    },
    precondition_failed: {
      title: "これらのファイルは変更されています",
      text: "リンクが作成されたときのファイルとは異なります。新しいリンクを依頼してください。",
    },
    changed: {
      title: "これらのファイルは現在変更中です",
      text: "しばらくしてからもう一度お試しください。",
    },
    too_large: {
      title: "ファイルが大きすぎて 1 つのアーカイブにできません",
      text: "合計サイズが、このサービスで送信できる上限を超えています。複数のリンクに分けるよう依頼してください。",
    },
    too_many_entries: {
      title: "ファイルが多すぎて 1 つのアーカイブにできません",
      text: "このサービスではこれほど多くのファイルをまとめて送信できません。複数のリンクに分けるよう依頼してください。",
    },
    throttled: {
      title: "サービスが混み合っています",
      text: "しばらくしてからもう一度お試しください。",
    },
    other: {
      title: "現在ファイルにアクセスできません",
      text: "お客様の操作の問題ではありません。リンクは引き続き有効です。数分後にもう一度お試しください。",
    },
  },
  kinds: {
    archive: "アーカイブ",
    audio: "音声",
    calendar: "カレンダー",
    code: "コード",
    contact: "連絡先",
    data: "データ",
    document: "文書",
    drawing: "図面",
    font: "フォント",
    image: "画像",
    mail: "メール",
    other: "ファイル",
    pdf: "PDF",
    presentation: "スライド",
    program: "プログラム",
    sheet: "表計算",
    text: "テキスト",
    video: "動画",
    web: "Web ページ",
  },
  client: {
    files,
    remaining: "残り約 {duration}",
    amount: "{done} / {total}",
    rate: "{size}/秒",
    spoken: "{percent}、{remaining}",
    downloadSelected: "選択した項目をダウンロード",
    amountSelected: "{files}、{size}",
    selected: "{files}を選択中、{size}。",
    handedOver:
      "ブラウザーがファイルをダウンロードしています。進行状況はダウンロード一覧に表示されます。",
    preparing: "準備中",
    running: "ダウンロード中",
    paused: "一時停止中",
    stopped: "ダウンロードが停止しました",
    notStarted: "ダウンロードを開始できません",
    unfinished: "このダウンロードは完了していません",
    unfinishedPart: "選択したファイルのダウンロードが完了していません",
    offline: "接続がありません。オンラインに戻るとダウンロードが続きます。",
    retrying: "再試行中: {reason}",
    complete: "完了",
    savedTo: "「{name}」として保存しました。",
    verified: "{size} をすべて受信しました。",
    handOver: "ブラウザーがファイルをダウンロードフォルダーに保存しています。",
    saveAgain: "もう一度保存",
    pause: "一時停止",
    resume: "再開",
    goOn: "続行",
    discard: "ダウンロードを中止",
    done: "閉じる",
    problems: {
      expired:
        "リンクの有効期限が切れました。新しいリンクを依頼してください。新しいリンクで、途中のダウンロードを続けられます。",
      changed: "ファイルが変更されました。このページを再読み込みして、最初からやり直してください。",
      refused:
        "サーバーがこのダウンロードを許可しなくなりました。理由を確認するには、このページを再読み込みしてください。",
      notNow: "サーバーに接続できませんでした。しばらくしてからもう一度お試しください。",
      otherPart: "サーバーが誤ったデータを送信しました",
      unreachable: "接続が切れました",
      serverBusy: "サーバーに問題が発生しています",
      gaveUp:
        "ダウンロードが何度も失敗しました。ダウンロード済みの部分は保存されています。後でもう一度お試しください。",
      diskFull: "ディスクがいっぱいです。空き容量を増やしてから続行してください。",
      noRoom:
        "このブラウザーでこのページが使える空き容量は {room} ですが、ダウンロードには {needed} 必要です。ディスクの空き容量を増やすか、選択するファイルを減らすか、パソコンの Chrome または Edge をお使いください。",
      noPlace:
        "このブラウザーでは大きなファイルを分割して保存できません。プライベートウィンドウではできないことがよくあります。最新の Chrome、Edge、Firefox、Safari を通常のウィンドウでお使いください。",
      otherTab: "このブラウザーの別のタブですでにダウンロード中です。",
      lostFile:
        "途中までダウンロードしたファイルがないか、書き込めません。最初からやり直してください。",
      tooScattered:
        "個別に選択されたファイルが多すぎます。フォルダー全体を選択するか、ファイルを減らしてください。",
      unexpected:
        "このページで問題が発生しました。ダウンロード済みの部分は保存されています。もう一度お試しください。",
    },
  },
};
