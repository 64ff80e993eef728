import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = { one: "{count} bestand", other: "{count} bestanden" };

/** The texts in Dutch. */
export const nl: Texts = {
  page: {
    files,
    from: "Van {issuer}",
    worksUntil: "Link geldig tot {time}",
    download: "Downloaden",
    downloadHere: "Hier downloaden, met pauzeren en hervatten",
    downloadSelected: "Geselecteerde bestanden downloaden",
    selectHint: "Selecteer bestanden om alleen die te downloaden.",
    clearSelection: "Selectie wissen",
    contents: "Inhoud",
    selectFolder: "Map {name} selecteren, {files}",
    emptyFolder: "Leeg",
    needsScript:
      "Dit archief is groter dan {limit}, het meeste dat in één keer kan worden verzonden. Zet JavaScript aan, zodat deze pagina het in delen kan downloaden.",
    footer: "De ZIP wordt tijdens het downloaden gemaakt. Er wordt geen kopie van bewaard.",
    tryAgain: "Opnieuw proberen",
    support: "Hulp",
    requestNew: "Nieuwe link aanvragen",
  },
  errors: {
    expired: {
      title: "Deze link is verlopen",
      text: "Hij was beperkte tijd geldig. Vraag de persoon die hem heeft gestuurd om een nieuwe.",
    },
    mangled: {
      title: "Deze link is afgebroken of beschadigd",
      text: "Er ontbreekt een deel, of er is iets toegevoegd, misschien door een mailprogramma. Kopieer de hele link uit het bericht waarin hij stond, of vraag om een nieuwe.",
    },
    unauthorized: {
      title: "Deze link is niet geldig",
      text: "Misschien is hij bij het kopiëren afgebroken. Open hem opnieuw vanuit het bericht waarin hij stond, of vraag om een nieuwe.",
    },
    malformed: {
      title: "Deze link klopt niet",
      text: "Hij is echt, maar beschrijft zijn bestanden niet goed. Vraag om een nieuwe.",
    },
    not_found: {
      title: "Deze bestanden zijn niet meer beschikbaar",
      text: "Een of meer ervan zijn niet gevonden. Vraag het de persoon die de link heeft gestuurd.",
    },
    precondition_failed: {
      title: "Deze bestanden zijn gewijzigd",
      text: "Het zijn niet meer de bestanden waarvoor deze link is gemaakt. Vraag om een nieuwe link.",
    },
    changed: {
      title: "Deze bestanden worden nu gewijzigd",
      text: "Probeer het zo dadelijk opnieuw.",
    },
    too_large: {
      title: "Deze bestanden zijn te groot voor één archief",
      text: "Samen zijn ze groter dan deze dienst kan verzenden. Vraag om meerdere links.",
    },
    too_many_entries: {
      title: "Er zijn te veel bestanden voor één archief",
      text: "Zo veel kan deze dienst niet samen verzenden. Vraag om meerdere links.",
    },
    throttled: {
      title: "De dienst is nu bezet",
      text: "Probeer het zo dadelijk opnieuw.",
    },
    other: {
      title: "De bestanden zijn nu niet bereikbaar",
      text: "Dit ligt niet aan u, en de link is nog steeds geldig. Probeer het over een paar minuten opnieuw.",
    },
  },
  kinds: {
    archive: "Archief",
    audio: "Audio",
    calendar: "Agenda",
    code: "Code",
    contact: "Contact",
    data: "Gegevens",
    document: "Document",
    drawing: "Tekening",
    font: "Lettertype",
    image: "Afbeelding",
    mail: "E-mail",
    other: "Bestand",
    pdf: "PDF",
    presentation: "Presentatie",
    program: "Programma",
    sheet: "Werkblad",
    text: "Tekst",
    video: "Video",
    web: "Webpagina",
  },
  client: {
    files,
    remaining: "nog ongeveer {duration}",
    amount: "{done} van {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Selectie downloaden",
    amountSelected: "{files}, {size}",
    selected: "{files} geselecteerd, {size}.",
    handedOver: "Uw browser downloadt het bestand. De downloadlijst toont de voortgang.",
    preparing: "Wordt voorbereid",
    running: "Wordt gedownload",
    paused: "Gepauzeerd",
    stopped: "De download is gestopt",
    notStarted: "De download kan niet beginnen",
    unfinished: "Deze download is nog niet klaar",
    unfinishedPart: "Een download van geselecteerde bestanden is nog niet klaar",
    offline: "Geen verbinding. De download gaat verder zodra u weer online bent.",
    retrying: "Nieuwe poging: {reason}",
    complete: "Klaar",
    savedTo: "Opgeslagen als {name}.",
    verified: "Alle {size} zijn ontvangen.",
    handOver: "Uw browser slaat het bestand op in uw downloads.",
    saveAgain: "Opnieuw opslaan",
    pause: "Pauzeren",
    resume: "Hervatten",
    goOn: "Doorgaan",
    discard: "Download annuleren",
    done: "Sluiten",
    problems: {
      expired:
        "De link is verlopen. Vraag om een nieuwe; daarmee kunt u een begonnen download voortzetten.",
      changed: "De bestanden zijn gewijzigd. Laad deze pagina opnieuw en begin opnieuw.",
      refused:
        "De server staat deze download niet meer toe. Laad deze pagina opnieuw om te zien waarom.",
      notNow: "De server was niet bereikbaar. Probeer het zo dadelijk opnieuw.",
      otherPart: "de server heeft verkeerde gegevens gestuurd",
      unreachable: "de verbinding is verbroken",
      serverBusy: "de server heeft een probleem",
      gaveUp:
        "De download is te vaak mislukt. Het al gedownloade deel blijft bewaard; probeer het later opnieuw.",
      diskFull: "De schijf is vol. Maak ruimte vrij en ga dan door.",
      noRoom:
        "Deze browser heeft nog {room} ruimte voor deze pagina, maar de download heeft {needed} nodig. Maak schijfruimte vrij, selecteer minder bestanden, of gebruik Chrome of Edge op een computer.",
      noPlace:
        "Deze browser kan grote bestanden niet in delen opslaan; privévensters kunnen dat vaak niet. Gebruik een recente versie van Chrome, Edge, Firefox of Safari, in een gewoon venster.",
      otherTab: "Een ander tabblad van deze browser downloadt dit al.",
      lostFile:
        "Het deels gedownloade bestand is weg of kan niet worden geschreven. Begin opnieuw.",
      tooScattered:
        "Er zijn te veel losse bestanden geselecteerd. Selecteer hele mappen, of minder bestanden.",
      unexpected:
        "Er ging iets mis op deze pagina. Het al gedownloade deel blijft bewaard; probeer het opnieuw.",
    },
  },
};
