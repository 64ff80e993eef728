import type { Plural } from "../formats.ts";
import type { Texts } from "./en.ts";

const files: Plural = {
  one: "{count} fichier",
  many: "{count} de fichiers",
  other: "{count} fichiers",
};

/** The texts in French. */
export const fr: Texts = {
  page: {
    files,
    from: "De {issuer}",
    worksUntil: "Lien valable jusqu’au {time}",
    download: "Télécharger",
    downloadHere: "Télécharger ici, avec pause et reprise",
    downloadSelected: "Télécharger les fichiers sélectionnés",
    selectHint: "Sélectionnez des fichiers pour ne télécharger que ceux-ci.",
    clearSelection: "Effacer la sélection",
    contents: "Contenu",
    selectFolder: "Sélectionner le dossier {name}, {files}",
    emptyFolder: "Vide",
    needsScript:
      "Cette archive dépasse {limit}, le maximum qui puisse être envoyé en une fois. Activez JavaScript pour que cette page puisse la télécharger en plusieurs parties.",
    footer: "Le ZIP est créé pendant le téléchargement. Aucune copie n’en est conservée.",
    tryAgain: "Réessayer",
    support: "Aide",
    requestNew: "Demander un nouveau lien",
  },
  errors: {
    expired: {
      title: "Ce lien a expiré",
      text: "Il était valable pour une durée limitée. Demandez-en un nouveau à la personne qui vous l’a envoyé.",
    },
    mangled: {
      title: "Ce lien a été tronqué ou altéré",
      text: "Il en manque une partie, ou quelque chose y a été ajouté, peut-être par un logiciel de messagerie. Copiez le lien entier depuis le message qui le contenait, ou demandez-en un nouveau.",
    },
    unauthorized: {
      title: "Ce lien n’est pas valide",
      text: "Il a peut-être été tronqué lors de la copie. Ouvrez-le de nouveau depuis le message qui le contenait, ou demandez-en un nouveau.",
    },
    malformed: {
      title: "Ce lien est défectueux",
      text: "Il est authentique, mais ne décrit pas correctement ses fichiers. Demandez-en un nouveau.",
    },
    not_found: {
      title: "Ces fichiers ne sont plus disponibles",
      text: "Un ou plusieurs d’entre eux sont introuvables. Adressez-vous à la personne qui vous a envoyé le lien.",
    },
    precondition_failed: {
      title: "Ces fichiers ont changé",
      text: "Ce ne sont plus les fichiers pour lesquels ce lien a été créé. Demandez un nouveau lien.",
    },
    changed: {
      title: "Ces fichiers sont en cours de modification",
      text: "Réessayez dans un instant.",
    },
    too_large: {
      title: "Ces fichiers sont trop volumineux pour une seule archive",
      text: "Ensemble, ils dépassent ce que ce service peut envoyer. Demandez plusieurs liens.",
    },
    too_many_entries: {
      title: "Il y a trop de fichiers pour une seule archive",
      text: "Ce service ne peut pas en envoyer autant à la fois. Demandez plusieurs liens.",
    },
    throttled: {
      title: "Le service est très sollicité",
      text: "Réessayez dans un instant.",
    },
    other: {
      title: "Les fichiers sont momentanément inaccessibles",
      text: "Vous n’y êtes pour rien, et le lien reste valable. Réessayez dans quelques minutes.",
    },
  },
  kinds: {
    archive: "Archive",
    audio: "Audio",
    calendar: "Calendrier",
    code: "Code",
    contact: "Contact",
    data: "Données",
    document: "Document",
    drawing: "Dessin",
    font: "Police",
    image: "Image",
    mail: "E-mail",
    other: "Fichier",
    pdf: "PDF",
    presentation: "Diapositives",
    program: "Programme",
    sheet: "Tableur",
    text: "Texte",
    video: "Vidéo",
    web: "Page web",
  },
  client: {
    files,
    remaining: "encore {duration} environ",
    amount: "{done} sur {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Télécharger la sélection",
    amountSelected: "{files}, {size}",
    selected: "Sélection : {files}, {size}.",
    handedOver:
      "Votre navigateur télécharge le fichier. Sa liste de téléchargements montre la progression.",
    preparing: "Préparation",
    running: "Téléchargement en cours",
    paused: "En pause",
    stopped: "Le téléchargement s’est arrêté",
    notStarted: "Le téléchargement ne peut pas démarrer",
    unfinished: "Ce téléchargement n’est pas terminé",
    unfinishedPart: "Un téléchargement de fichiers sélectionnés n’est pas terminé",
    offline:
      "Pas de connexion. Le téléchargement reprendra dès que vous serez de nouveau en ligne.",
    retrying: "Nouvelle tentative : {reason}",
    complete: "Terminé",
    savedTo: "Enregistré sous {name}.",
    verified: "Les {size} ont tous été reçus.",
    handOver: "Votre navigateur enregistre le fichier dans vos téléchargements.",
    saveAgain: "Enregistrer à nouveau",
    pause: "Pause",
    resume: "Reprendre",
    goOn: "Continuer",
    discard: "Annuler le téléchargement",
    done: "Fermer",
    problems: {
      expired:
        "Le lien a expiré. Demandez-en un nouveau ; il vous permettra de poursuivre un téléchargement commencé.",
      changed: "Les fichiers ont changé. Rechargez cette page et recommencez.",
      refused:
        "Le serveur n’autorise plus ce téléchargement. Rechargez cette page pour savoir pourquoi.",
      notNow: "Le serveur n’a pas pu être joint. Réessayez dans un instant.",
      otherPart: "le serveur a envoyé des données incorrectes",
      unreachable: "la connexion a été perdue",
      serverBusy: "le serveur rencontre un problème",
      gaveUp:
        "Le téléchargement a échoué trop souvent. La partie déjà téléchargée est conservée ; réessayez plus tard.",
      diskFull: "Le disque est plein. Libérez de l’espace, puis continuez.",
      noRoom:
        "Ce navigateur dispose encore de {room} pour cette page, mais le téléchargement nécessite {needed}. Libérez de l’espace disque, sélectionnez moins de fichiers, ou utilisez Chrome ou Edge sur un ordinateur.",
      noPlace:
        "Ce navigateur ne peut pas enregistrer de gros fichiers par parties ; c’est souvent le cas des fenêtres privées. Utilisez une version récente de Chrome, Edge, Firefox ou Safari, dans une fenêtre normale.",
      otherTab: "Un autre onglet de ce navigateur effectue déjà ce téléchargement.",
      lostFile:
        "Le fichier partiellement téléchargé a disparu ou ne peut pas être écrit. Veuillez recommencer.",
      tooScattered:
        "Trop de fichiers isolés sont sélectionnés. Sélectionnez des dossiers entiers, ou moins de fichiers.",
      unexpected:
        "Un problème est survenu sur cette page. La partie déjà téléchargée est conservée ; réessayez.",
    },
  },
};
