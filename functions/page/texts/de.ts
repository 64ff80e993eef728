import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = { one: "{count} Datei", other: "{count} Dateien" };

/** The texts in German. */
export const de: Texts = {
  page: {
    files,
    from: "Von {issuer}",
    worksUntil: "Link gültig bis {time}",
    download: "Herunterladen",
    downloadHere: "Hier herunterladen, mit Pausieren und Fortsetzen",
    downloadSelected: "Ausgewählte Dateien herunterladen",
    selectHint: "Wählen Sie Dateien aus, um nur diese herunterzuladen.",
    clearSelection: "Auswahl aufheben",
    contents: "Inhalt",
    selectFolder: "Ordner {name} auswählen, {files}",
    emptyFolder: "Leer",
    needsScript:
      "Dieses Archiv ist größer als {limit}; mehr lässt sich nicht auf einmal senden. Bitte schalten Sie JavaScript ein, damit diese Seite es in Teilen herunterladen kann.",
    footer: "Das ZIP entsteht während des Herunterladens. Es wird keine Kopie davon gespeichert.",
    tryAgain: "Erneut versuchen",
    support: "Hilfe",
    requestNew: "Neuen Link anfordern",
  },
  errors: {
    expired: {
      title: "Dieser Link ist abgelaufen",
      text: "Er war nur eine begrenzte Zeit gültig. Bitten Sie die Person, die ihn geschickt hat, um einen neuen.",
    },
    mangled: {
      title: "Dieser Link wurde abgeschnitten oder verändert",
      text: "Ein Teil fehlt, oder etwas wurde hinzugefügt, vielleicht von einem E-Mail-Programm. Bitte kopieren Sie den ganzen Link aus der Nachricht, in der er kam, oder bitten Sie um einen neuen.",
    },
    unauthorized: {
      title: "Dieser Link ist ungültig",
      text: "Vielleicht wurde er beim Kopieren abgeschnitten. Bitte öffnen Sie ihn noch einmal aus der Nachricht, in der er kam, oder bitten Sie um einen neuen.",
    },
    malformed: {
      title: "Dieser Link ist fehlerhaft",
      text: "Er ist echt, beschreibt seine Dateien aber nicht richtig. Bitten Sie um einen neuen.",
    },
    not_found: {
      title: "Diese Dateien sind nicht mehr verfügbar",
      text: "Mindestens eine davon wurde nicht gefunden. Bitte fragen Sie die Person, die den Link geschickt hat.",
    },
    precondition_failed: {
      title: "Diese Dateien haben sich geändert",
      text: "Es sind nicht mehr die Dateien, für die dieser Link erstellt wurde. Bitten Sie um einen neuen Link.",
    },
    changed: {
      title: "Diese Dateien werden gerade geändert",
      text: "Bitte versuchen Sie es gleich noch einmal.",
    },
    too_large: {
      title: "Diese Dateien sind zu groß für ein Archiv",
      text: "Zusammen sind sie größer, als dieser Dienst senden kann. Bitten Sie um mehrere Links.",
    },
    too_many_entries: {
      title: "Es sind zu viele Dateien für ein Archiv",
      text: "So viele kann dieser Dienst nicht zusammen senden. Bitten Sie um mehrere Links.",
    },
    throttled: {
      title: "Der Dienst ist gerade ausgelastet",
      text: "Bitte versuchen Sie es gleich noch einmal.",
    },
    other: {
      title: "Die Dateien sind gerade nicht erreichbar",
      text: "Das liegt nicht an Ihnen, und der Link ist weiterhin gültig. Bitte versuchen Sie es in ein paar Minuten noch einmal.",
    },
  },
  kinds: {
    archive: "Archiv",
    audio: "Audio",
    calendar: "Kalender",
    code: "Code",
    contact: "Kontakt",
    data: "Daten",
    document: "Dokument",
    drawing: "Zeichnung",
    font: "Schrift",
    image: "Bild",
    mail: "E-Mail",
    other: "Datei",
    pdf: "PDF",
    presentation: "Folien",
    program: "Programm",
    sheet: "Tabelle",
    text: "Text",
    video: "Video",
    web: "Webseite",
  },
  client: {
    files,
    remaining: "noch etwa {duration}",
    amount: "{done} von {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Auswahl herunterladen",
    amountSelected: "{files}, {size}",
    selected: "{files} ausgewählt, {size}.",
    handedOver: "Ihr Browser lädt die Datei herunter. Seine Download-Liste zeigt den Fortschritt.",
    preparing: "Wird vorbereitet",
    running: "Wird heruntergeladen",
    paused: "Pausiert",
    stopped: "Der Download wurde angehalten",
    notStarted: "Der Download kann nicht beginnen",
    unfinished: "Dieser Download ist noch nicht fertig",
    unfinishedPart: "Ein Download ausgewählter Dateien ist noch nicht fertig",
    offline: "Keine Verbindung. Der Download geht weiter, sobald Sie wieder online sind.",
    retrying: "Neuer Versuch: {reason}",
    complete: "Fertig",
    savedTo: "Gespeichert als {name}.",
    verified: "Alle {size} wurden empfangen.",
    handOver: "Ihr Browser speichert die Datei in Ihren Downloads.",
    saveAgain: "Noch einmal speichern",
    pause: "Pausieren",
    resume: "Fortsetzen",
    goOn: "Weiter",
    discard: "Download abbrechen",
    done: "Schließen",
    problems: {
      expired:
        "Der Link ist abgelaufen. Bitten Sie um einen neuen; mit ihm können Sie einen begonnenen Download fortsetzen.",
      changed:
        "Die Dateien haben sich geändert. Laden Sie diese Seite neu und beginnen Sie von vorn.",
      refused:
        "Der Server erlaubt diesen Download nicht mehr. Laden Sie diese Seite neu, um den Grund zu sehen.",
      notNow: "Der Server war nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
      otherPart: "der Server hat falsche Daten gesendet",
      unreachable: "die Verbindung ist abgebrochen",
      serverBusy: "der Server hat ein Problem",
      gaveUp:
        "Der Download ist zu oft fehlgeschlagen. Der schon geladene Teil bleibt erhalten; versuchen Sie es später noch einmal.",
      diskFull: "Der Datenträger ist voll. Schaffen Sie Platz und machen Sie dann weiter.",
      noRoom:
        "Dieser Browser hat noch {room} Platz für diese Seite, der Download braucht aber {needed}. Schaffen Sie Speicherplatz, wählen Sie weniger Dateien aus, oder verwenden Sie Chrome oder Edge auf einem Computer.",
      noPlace:
        "Dieser Browser kann große Dateien nicht in Teilen speichern; private Fenster können es oft nicht. Verwenden Sie eine aktuelle Version von Chrome, Edge, Firefox oder Safari in einem normalen Fenster.",
      otherTab: "Ein anderer Tab dieses Browsers lädt dies bereits herunter.",
      lostFile:
        "Die teilweise heruntergeladene Datei ist nicht mehr da oder lässt sich nicht schreiben. Bitte beginnen Sie von vorn.",
      tooScattered:
        "Es sind zu viele einzelne Dateien ausgewählt. Wählen Sie ganze Ordner oder weniger Dateien aus.",
      unexpected:
        "Auf dieser Seite ist etwas schiefgegangen. Der schon geladene Teil bleibt erhalten; versuchen Sie es noch einmal.",
    },
  },
};
