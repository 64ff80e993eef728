import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = {
  one: "{count} plik",
  few: "{count} pliki",
  many: "{count} plików",
  other: "{count} pliku",
};

/** The texts in Polish. */
export const pl: Texts = {
  page: {
    files,
    from: "Od: {issuer}",
    worksUntil: "Link ważny do: {time}",
    download: "Pobierz",
    downloadHere: "Pobierz tutaj, z pauzą i wznawianiem",
    downloadSelected: "Pobierz zaznaczone pliki",
    selectHint: "Zaznacz pliki, aby pobrać tylko je.",
    clearSelection: "Wyczyść zaznaczenie",
    contents: "Zawartość",
    selectFolder: "Zaznacz folder {name}, {files}",
    emptyFolder: "Pusty",
    needsScript:
      "To archiwum przekracza {limit}, czyli największą ilość, którą można wysłać naraz. Włącz JavaScript, aby ta strona mogła pobrać je w częściach.",
    footer: "ZIP powstaje podczas pobierania. Żadna jego kopia nie jest przechowywana.",
    tryAgain: "Spróbuj ponownie",
    support: "Pomoc",
    requestNew: "Poproś o nowy link",
  },
  errors: {
    expired: {
      title: "Ten link wygasł",
      text: "Był ważny przez ograniczony czas. Poproś o nowy osobę, która go przysłała.",
    },
    mangled: {
      title: "Ten link został ucięty lub zniekształcony",
      text: "Brakuje jego części albo coś do niego dodano, być może w programie pocztowym. Skopiuj cały link z wiadomości, w której przyszedł, lub poproś o nowy.",
    },
    unauthorized: {
      title: "Ten link jest nieprawidłowy",
      text: "Mógł zostać ucięty podczas kopiowania. Otwórz go ponownie z wiadomości, w której przyszedł, lub poproś o nowy.",
    },
    malformed: {
      title: "Ten link jest wadliwy",
      text: "Jest autentyczny, ale niepoprawnie opisuje swoje pliki. Poproś o nowy.",
    },
    not_found: {
      title: "Te pliki nie są już dostępne",
      text: "Nie znaleziono co najmniej jednego z nich. Zapytaj osobę, która przysłała link.",
    },
    precondition_failed: {
      title: "Te pliki się zmieniły",
      text: "To już nie są pliki, dla których utworzono ten link. Poproś o nowy link.",
    },
    changed: {
      title: "Te pliki są właśnie zmieniane",
      text: "Spróbuj ponownie za chwilę.",
    },
    too_large: {
      title: "Te pliki są za duże na jedno archiwum",
      text: "Razem przekraczają to, co ta usługa może wysłać. Poproś o kilka linków.",
    },
    too_many_entries: {
      title: "Jest za dużo plików na jedno archiwum",
      text: "Ta usługa nie może wysłać tylu naraz. Poproś o kilka linków.",
    },
    throttled: {
      title: "Usługa jest teraz przeciążona",
      text: "Spróbuj ponownie za chwilę.",
    },
    other: {
      title: "Pliki są teraz niedostępne",
      text: "To nie Twoja wina, a link jest nadal ważny. Spróbuj ponownie za kilka minut.",
    },
  },
  kinds: {
    archive: "Archiwum",
    audio: "Dźwięk",
    calendar: "Kalendarz",
    code: "Kod",
    contact: "Kontakt",
    data: "Dane",
    document: "Dokument",
    drawing: "Rysunek",
    font: "Czcionka",
    image: "Obraz",
    mail: "E-mail",
    other: "Plik",
    pdf: "PDF",
    presentation: "Prezentacja",
    program: "Program",
    sheet: "Arkusz",
    text: "Tekst",
    video: "Wideo",
    web: "Strona WWW",
  },
  client: {
    files,
    remaining: "pozostało ok. {duration}",
    amount: "{done} z {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Pobierz zaznaczone",
    amountSelected: "{files}, {size}",
    selected: "Zaznaczono: {files}, {size}.",
    handedOver: "Przeglądarka pobiera plik. Postęp pokazuje jej lista pobierania.",
    preparing: "Przygotowywanie",
    running: "Pobieranie",
    paused: "Wstrzymano",
    stopped: "Pobieranie zatrzymało się",
    notStarted: "Nie można rozpocząć pobierania",
    unfinished: "To pobieranie nie jest ukończone",
    unfinishedPart: "Pobieranie zaznaczonych plików nie jest ukończone",
    offline: "Brak połączenia. Pobieranie będzie kontynuowane po powrocie do sieci.",
    retrying: "Kolejna próba: {reason}",
    complete: "Ukończono",
    savedTo: "Zapisano jako {name}.",
    verified: "Odebrano wszystkie dane: {size}.",
    handOver: "Przeglądarka zapisuje plik w pobranych.",
    saveAgain: "Zapisz ponownie",
    pause: "Wstrzymaj",
    resume: "Wznów",
    goOn: "Kontynuuj",
    discard: "Anuluj pobieranie",
    done: "Zamknij",
    problems: {
      expired: "Link wygasł. Poproś o nowy; dzięki niemu można kontynuować rozpoczęte pobieranie.",
      changed: "Pliki się zmieniły. Odśwież tę stronę i zacznij od nowa.",
      refused: "Serwer nie pozwala już na to pobieranie. Odśwież tę stronę, aby zobaczyć powód.",
      notNow: "Nie można połączyć się z serwerem. Spróbuj ponownie za chwilę.",
      otherPart: "serwer wysłał błędne dane",
      unreachable: "połączenie zostało przerwane",
      serverBusy: "serwer ma problem",
      gaveUp:
        "Pobieranie nie powiodło się zbyt wiele razy. Pobrana już część jest zachowana; spróbuj później.",
      diskFull: "Dysk jest pełny. Zwolnij miejsce i kontynuuj.",
      noRoom:
        "Ta przeglądarka ma jeszcze {room} miejsca dla tej strony, a pobieranie wymaga {needed}. Zwolnij miejsce na dysku, zaznacz mniej plików albo użyj Chrome lub Edge na komputerze.",
      noPlace:
        "Ta przeglądarka nie potrafi zapisywać dużych plików w częściach; okna prywatne często tego nie potrafią. Użyj aktualnej wersji Chrome, Edge, Firefox lub Safari w zwykłym oknie.",
      otherTab: "Inna karta tej przeglądarki już to pobiera.",
      lostFile: "Częściowo pobrany plik zniknął lub nie można go zapisać. Zacznij od nowa.",
      tooScattered:
        "Zaznaczono zbyt wiele pojedynczych plików. Zaznacz całe foldery lub mniej plików.",
      unexpected:
        "Coś poszło nie tak na tej stronie. Pobrana już część jest zachowana; spróbuj ponownie.",
    },
  },
};
