import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = { one: "{count} file", many: "{count} di file", other: "{count} file" };

/** The texts in Italian. */
export const it: Texts = {
  page: {
    files,
    from: "Da {issuer}",
    worksUntil: "Link valido fino al {time}",
    download: "Scarica",
    downloadHere: "Scarica qui, con pausa e ripresa",
    downloadSelected: "Scarica i file selezionati",
    selectHint: "Seleziona dei file per scaricare solo quelli.",
    clearSelection: "Annulla la selezione",
    contents: "Contenuto",
    selectFolder: "Seleziona la cartella {name}, {files}",
    emptyFolder: "Vuota",
    needsScript:
      "Questo archivio supera {limit}, il massimo che si può inviare in una volta. Attiva JavaScript, così questa pagina può scaricarlo a parti.",
    footer: "Lo ZIP viene creato durante il download. Non ne viene conservata alcuna copia.",
    tryAgain: "Riprova",
    support: "Assistenza",
    requestNew: "Richiedi un nuovo link",
  },
  errors: {
    expired: {
      title: "Questo link è scaduto",
      text: "Era valido per un tempo limitato. Chiedine uno nuovo alla persona che te l’ha inviato.",
    },
    mangled: {
      title: "Questo link è stato troncato o alterato",
      text: "Ne manca una parte, o qualcosa è stato aggiunto, forse da un programma di posta. Copia l’intero link dal messaggio in cui è arrivato, o chiedine uno nuovo.",
    },
    unauthorized: {
      title: "Questo link non è valido",
      text: "Forse è stato troncato durante la copia. Aprilo di nuovo dal messaggio in cui è arrivato, o chiedine uno nuovo.",
    },
    malformed: {
      title: "Questo link è difettoso",
      text: "È autentico, ma non descrive correttamente i suoi file. Chiedine uno nuovo.",
    },
    not_found: {
      title: "Questi file non sono più disponibili",
      text: "Uno o più di essi non sono stati trovati. Chiedi alla persona che ti ha inviato il link.",
    },
    precondition_failed: {
      title: "Questi file sono cambiati",
      text: "Non sono più i file per cui questo link è stato creato. Chiedi un nuovo link.",
    },
    changed: {
      title: "Questi file vengono modificati in questo momento",
      text: "Riprova tra un attimo.",
    },
    too_large: {
      title: "Questi file sono troppo grandi per un solo archivio",
      text: "Insieme superano quanto questo servizio può inviare. Chiedi più link.",
    },
    too_many_entries: {
      title: "Ci sono troppi file per un solo archivio",
      text: "Questo servizio non può inviarne così tanti insieme. Chiedi più link.",
    },
    throttled: {
      title: "Il servizio è occupato in questo momento",
      text: "Riprova tra un attimo.",
    },
    other: {
      title: "I file non sono raggiungibili in questo momento",
      text: "Non dipende da te, e il link è ancora valido. Riprova tra qualche minuto.",
    },
  },
  kinds: {
    archive: "Archivio",
    audio: "Audio",
    calendar: "Calendario",
    code: "Codice",
    contact: "Contatto",
    data: "Dati",
    document: "Documento",
    drawing: "Disegno",
    font: "Carattere",
    image: "Immagine",
    mail: "E-mail",
    other: "File",
    pdf: "PDF",
    presentation: "Diapositive",
    program: "Programma",
    sheet: "Foglio di calcolo",
    text: "Testo",
    video: "Video",
    web: "Pagina web",
  },
  client: {
    files,
    remaining: "circa {duration} rimanenti",
    amount: "{done} di {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Scarica la selezione",
    amountSelected: "{files}, {size}",
    selected: "Selezione: {files}, {size}.",
    handedOver:
      "Il browser sta scaricando il file. Il suo elenco dei download mostra l’avanzamento.",
    preparing: "Preparazione",
    running: "Download in corso",
    paused: "In pausa",
    stopped: "Il download si è fermato",
    notStarted: "Il download non può iniziare",
    unfinished: "Questo download non è terminato",
    unfinishedPart: "Un download di file selezionati non è terminato",
    offline: "Nessuna connessione. Il download continuerà quando sarai di nuovo online.",
    retrying: "Nuovo tentativo: {reason}",
    complete: "Completato",
    savedTo: "Salvato come {name}.",
    verified: "Tutti i {size} sono stati ricevuti.",
    handOver: "Il browser sta salvando il file nei tuoi download.",
    saveAgain: "Salva di nuovo",
    pause: "Pausa",
    resume: "Riprendi",
    goOn: "Continua",
    discard: "Annulla il download",
    done: "Chiudi",
    problems: {
      expired:
        "Il link è scaduto. Chiedine uno nuovo; con quello puoi continuare un download già iniziato.",
      changed: "I file sono cambiati. Ricarica questa pagina e ricomincia.",
      refused:
        "Il server non consente più questo download. Ricarica questa pagina per sapere perché.",
      notNow: "Non è stato possibile raggiungere il server. Riprova tra un attimo.",
      otherPart: "il server ha inviato dati errati",
      unreachable: "la connessione si è interrotta",
      serverBusy: "il server ha un problema",
      gaveUp:
        "Il download è fallito troppe volte. La parte già scaricata viene conservata; riprova più tardi.",
      diskFull: "Il disco è pieno. Libera spazio, poi continua.",
      noRoom:
        "Questo browser ha ancora {room} per questa pagina, ma il download richiede {needed}. Libera spazio sul disco, seleziona meno file, o usa Chrome o Edge su un computer.",
      noPlace:
        "Questo browser non può salvare file grandi a parti; spesso le finestre anonime non possono. Usa una versione aggiornata di Chrome, Edge, Firefox o Safari, in una finestra normale.",
      otherTab: "Un’altra scheda di questo browser sta già scaricando questo file.",
      lostFile: "Il file scaricato in parte non c’è più o non può essere scritto. Ricomincia.",
      tooScattered: "Sono selezionati troppi file singoli. Seleziona cartelle intere, o meno file.",
      unexpected:
        "Qualcosa è andato storto in questa pagina. La parte già scaricata viene conservata; riprova.",
    },
  },
};
